"""The load, in a process of its own: a rate that does not wait for answers, as the world's browsers send it.

Started as `python -m bench.pressure.sender`; takes one JSON order a line and answers each with one.
"""

import asyncio
import base64
import itertools
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import cast

import msgspec
import uvloop

from bench.events import Events
from bench.http import WRITE_KEY
from bench.people import Crowd

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_RETRY = re.compile(rb"retry-after: *\d+", re.IGNORECASE)
_CREDENTIALS = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
_TICK = 0.002  # seconds
_PATIENCE = 15.0  # for the last answers
_DIGITS = 9
_MARK = b"~" * _DIGITS


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Send for `seconds` at `rate` requests a second (0: whenever a connection is free), each of `batch` events.

    A request that finds no free connection among `connections` is not sent and counts as `unsent`. `people` is the
    active set, of whom `pool` events are made before the run; only their ids change in it. `name` begins the ids.
    """

    port: int
    seconds: float
    rate: float
    connections: int
    name: str
    batch: int = 1
    people: int = 10_000
    pool: int = 4_000
    seed: int = 1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Answers by status (`0`: none came), times of the accepted in milliseconds, the numbers of what was accepted."""

    seconds: float
    answers: dict[str, int]
    unsent: int
    without_retry_after: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    refused_p99_ms: float
    accepted: list[int]


class _Run:
    """What the connections of one order share."""

    def __init__(self, bodies: Iterator[tuple[int, bytes]]) -> None:
        self.bodies = bodies
        self.idle: deque[_Connection] = deque()
        self.busy = 0
        self.endless = False  # a free connection sends again at once
        self.answers: Counter[str] = Counter()
        self.unsent = 0
        self.without_retry_after = 0
        self.accepted: list[int] = []
        self.times: list[float] = []
        self.refused: list[float] = []

    def send(self) -> None:
        """Send the next request if a connection is free."""
        if not self.idle:
            self.unsent += 1
            return
        self.busy += 1
        self.idle.popleft().send(*next(self.bodies))

    def answered(self, number: int, seconds: float, head: bytes) -> None:
        """Note an answer."""
        status = head[9:12].decode()
        self.answers[status] += 1
        if status == "200":
            self.accepted.append(number)
            self.times.append(seconds)
        else:
            self.refused.append(seconds)
            self.without_retry_after += _RETRY.search(head) is None

    def free(self, connection: "_Connection") -> None:
        """Give a connection its next request, or let it wait."""
        self.busy -= 1
        self.idle.append(connection)
        if self.endless:
            self.send()


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self._began = 0.0
        self._number: int | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._run.idle.append(self)

    def send(self, number: int, request: bytes) -> None:
        assert self._transport is not None  # noqa: S101  only connected ones are idle
        self._number, self._began = number, time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if self._number is None or not found or length is None or len(rest) < int(length[1]):
            return
        self._buffer = b""
        number, self._number = self._number, None
        self._run.answered(number, time.perf_counter() - self._began, head)
        self._run.free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._number is not None:
            self._run.answers["0"] += 1
            self._run.busy -= 1
        elif self in self._run.idle:
            self._run.idle.remove(self)


async def run(order: Order) -> Outcome:
    """Carry an order out."""
    loop = asyncio.get_running_loop()
    state = _Run(_requests(order))
    made = [
        await loop.create_connection(lambda: _Connection(state), "127.0.0.1", order.port)
        for _ in range(order.connections)
    ]
    began = time.perf_counter()
    await _offer(state, order, began)
    deadline = time.perf_counter() + _PATIENCE
    while state.busy and time.perf_counter() < deadline:  # noqa: ASYNC110  whatever is left to answer
        await asyncio.sleep(_TICK)
    seconds = time.perf_counter() - began
    state.answers["0"] += state.busy
    for transport, _ in made:
        transport.abort()
    return Outcome(
        seconds=seconds,
        answers={status: count for status, count in state.answers.items() if count},
        unsent=state.unsent,
        without_retry_after=state.without_retry_after,
        p50_ms=_percentile(state.times, 0.5),
        p99_ms=_percentile(state.times, 0.99),
        max_ms=_percentile(state.times, 1.0),
        refused_p99_ms=_percentile(state.refused, 0.99),
        accepted=state.accepted,
    )


async def _offer(state: _Run, order: Order, began: float) -> None:
    """Send what is due, every few milliseconds, until the time is over."""
    state.endless = order.rate <= 0
    if state.endless:
        for _ in range(order.connections):
            state.send()
    offered = 0
    while (passed := time.perf_counter() - began) < order.seconds:
        if not state.endless:
            due = int(passed * order.rate)
            for _ in range(due - offered):
                state.send()
            offered = due
        await asyncio.sleep(_TICK)
    state.endless = False


def _requests(order: Order) -> Iterator[tuple[int, bytes]]:
    """Make requests without end from a pool; the mark of each is replaced by its number."""
    pool = list(_bodies(order))
    for number in itertools.count():
        yield number, pool[number % len(pool)].replace(_MARK, b"%0*d" % (_DIGITS, number))


def _bodies(order: Order) -> Iterator[bytes]:
    """Make the pool: whole requests."""
    crowd = Crowd(order.people, order.seed)
    events = list(Events(crowd, seed=order.seed, name=order.name).take(order.pool))
    path = "/v1/track" if order.batch == 1 else "/v1/batch"
    for start in range(0, len(events) - order.batch + 1, order.batch):
        group = [_marked(event, order.name, index) for index, event in enumerate(events[start : start + order.batch])]
        if order.batch == 1:
            path = f"/v1/{msgspec.json.decode(group[0])['type']}"
        yield _request(path, group[0] if order.batch == 1 else b'{"batch":[' + b",".join(group) + b"]}")


def _marked(event: bytes, name: str, index: int) -> bytes:
    """Put the mark into an event's message id."""
    begin = event.index(f'"messageId":"{name}-'.encode()) + len(f'"messageId":"{name}-')
    end = event.index(b'"', begin)
    return event[:begin] + _MARK + f"-{index}".encode() + event[end:]


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {_CREDENTIALS}\r\n"
        f"User-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def message_id(name: str, number: int, index: int = 0) -> str:
    """Return the id of an event that an order has sent."""
    return f"{name}-{number:0{_DIGITS}d}-{index}"


def _percentile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return round(1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else 0.0


async def _main() -> None:
    orders = msgspec.json.Decoder(Order)
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        outcome = await run(orders.decode(line))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(_main())
