"""What Kafka's codecs cost a client on batches of touchpoints: `python -m bench.kafka.codecs` prints a table."""

import sys
import time
from collections.abc import Callable
from statistics import median

from aiokafka import codec

from bench.events import Events
from bench.people import Crowd
from bench.workbench import taken

_RECORDS = 300  # in a batch, about 250 kB
_ROUNDS = 15
_NOW = 1_790_000_000_000

CODECS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (codec.gzip_encode, codec.gzip_decode),
    "lz4": (codec.lz4_encode, codec.lz4_decode),
    "snappy": (codec.snappy_encode, codec.snappy_decode),
    "zstd": (codec.zstd_encode, codec.zstd_decode),
}


def main() -> None:
    """Compress and decompress one batch with each codec, as aiokafka does."""
    events = Events(Crowd(10_000, 1)).take(_RECORDS)
    batch = b"".join(taken(raw, _NOW).value or b"" for raw in events)
    sys.stdout.write(
        f"{'codec':8} {'bytes':>6} {'encode us':>10} {'decode us':>10}  per record of {_size(batch):.0f} bytes\n"
    )
    for name, (encode, decode) in CODECS.items():
        encoded = encode(batch)
        sys.stdout.write(
            f"{name:8} {_size(encoded):6.0f} {_cost(encode, batch):10.2f} {_cost(decode, encoded):10.2f}\n"
        )


def _size(batch: bytes) -> float:
    return len(batch) / _RECORDS


def _cost(work: Callable[[bytes], bytes], batch: bytes) -> float:
    """CPU microseconds per record, the median of some rounds."""
    spent = []
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        work(batch)
        spent.append(time.process_time_ns() - began)
    return median(spent) / 1e3 / _RECORDS


if __name__ == "__main__":
    main()
