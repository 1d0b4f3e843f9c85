"""Starting and asking the processes of a measurement; they end when their standard input closes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import msgspec

from bench.http.load import Order, Outcome

_END_SECONDS = 10


@contextmanager
def _process(*arguments: str, settings: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603  our own modules
        [sys.executable, "-m", *arguments],
        env={**os.environ, **(settings or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


class Server:
    """A server of `bench.http.server` that runs."""

    def __init__(self, port: int) -> None:
        self.port = port

    def cpu(self) -> float:
        """Return the CPU seconds that it has used so far, all threads together."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/bench/cpu")
            return float(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def serving(kind: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server, its environment completed by `settings`."""
    with _process("bench.http.server", kind, str(folder), settings=settings) as process:
        line = process.stdout.readline() if process.stdout else b""
        if not line.strip().isdigit():
            raise RuntimeError(f"the server {kind!r} did not start")
        yield Server(int(line))


class Load:
    """The load generator, which waits for orders."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, order: Order) -> Outcome:
        """Carry an order out; RuntimeError if a request was not answered with 200."""
        assert self._process.stdin is not None  # noqa: S101  both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        self._process.stdin.flush()
        outcome = msgspec.json.decode(self._process.stdout.readline(), type=Outcome)
        if outcome.succeeded != order.requests:
            raise RuntimeError(f"{order.requests - outcome.succeeded} of {order.requests} requests did not succeed")
        return outcome


@contextmanager
def loading() -> Iterator[Load]:
    """Run the load generator."""
    with _process("bench.http.load") as process:
        yield Load(process)
