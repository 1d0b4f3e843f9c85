"""The load, in a process of its own: a fixed number of connections, each with one request in flight.

Started as `python -m bench.http.load`; takes one JSON order a line on its standard input and answers each with one.
"""

import asyncio
import base64
import re
import sys
import time
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from bench.http import WRITE_KEY

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CREDENTIALS = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
_LONGEST_SECONDS = 300
_HEAD_END = b"\r\n\r\n"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Send `requests`, cycling through the bodies in a file, one a line, over so many `connections`.

    An empty `path`: each body goes to the path of its own type.
    """

    port: int
    path: str
    bodies: str
    requests: int
    connections: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took, how many were answered with 200, and times of answers in milliseconds."""

    seconds: float
    succeeded: int
    p50_ms: float
    p99_ms: float


class _Run:
    """What the connections of one order share."""

    def __init__(self, requests: list[bytes], count: int, done: asyncio.Future[None]) -> None:
        self.requests = requests
        self.count = count
        self.sent = 0
        self.times: list[float] = []
        self.succeeded = 0
        self.done = done

    def next(self) -> bytes | None:
        """Return the next request, None when all have been sent."""
        if self.sent >= self.count:
            return None
        self.sent += 1
        return self.requests[self.sent % len(self.requests)]

    def answered(self, seconds: float, status: bytes) -> None:
        """Note an answer."""
        self.times.append(seconds)
        self.succeeded += status == b"200"
        if len(self.times) == self.count and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(_HEAD_END)
        length = _LENGTH.search(head)
        if not found or length is None or len(rest) < int(length[1]):
            return
        self._buffer = b""
        self._run.answered(time.perf_counter() - self._began, head[9:12])
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._run.done.done() and len(self._run.times) < self._run.count:
            self._run.done.set_exception(ConnectionError(f"the server closed a connection: {exc}"))

    def _send(self) -> None:
        request = self._run.next()
        if request is not None and self._transport is not None:
            self._began = time.perf_counter()
            self._transport.write(request)


async def run(order: Order) -> Outcome:
    """Carry an order out."""
    requests = _requests(order)
    loop = asyncio.get_running_loop()
    state = _Run(requests, order.requests, loop.create_future())
    began = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Connection(state), "127.0.0.1", order.port)
        for _ in range(order.connections)
    ]
    async with asyncio.timeout(_LONGEST_SECONDS):
        await state.done
    seconds = time.perf_counter() - began
    for transport, _ in made:
        transport.close()
    times = sorted(state.times)
    return Outcome(
        seconds=seconds,
        succeeded=state.succeeded,
        p50_ms=1e3 * times[len(times) // 2],
        p99_ms=1e3 * times[len(times) * 99 // 100],
    )


def _requests(order: Order) -> list[bytes]:
    return [_request(order.path, body) for body in Path(order.bodies).read_bytes().splitlines()]


def _request(path: str, body: bytes) -> bytes:
    kind = msgspec.json.decode(body).get("type")
    head = (
        f"POST {path or f'/v1/{kind}'} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {_CREDENTIALS}\r\n"
        f"User-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _main() -> None:
    orders = msgspec.json.Decoder(Order)
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        outcome = await run(orders.decode(line))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(_main())
