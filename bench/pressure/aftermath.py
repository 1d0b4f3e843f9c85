"""What became of everything that was acknowledged: read from the files, once the pipeline has ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.pressure.sender import message_id
from bench.workbench import HASHER, SOURCE
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.collections import TOUCHPOINTS

_CHUNK = 5_000


async def missing(folder: Path, accepted: Mapping[str, Sequence[int]]) -> int:
    """Return how many accepted single events, by the names of their orders, the store does not hold with an address."""
    store = await SqliteStore.open(folder / "store.db")
    try:
        keys = [
            HASHER.touchpoint(SOURCE.name, message_id(name, number))
            for name, numbers in accepted.items()
            for number in numbers
        ]
        lost = 0
        for start in range(0, len(keys), _CHUNK):
            found = await store.get(TOUCHPOINTS, keys[start : start + _CHUNK])
            lost += sum(stored is None or stored.value.addr is None for stored in found)
        return lost
    finally:
        await store.close()
