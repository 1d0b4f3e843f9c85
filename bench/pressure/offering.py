"""Orders to the process that sends."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import msgspec

from bench.pressure.sender import Order, Outcome


class Sender:
    """The load generator, which waits for orders."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._outcome: Outcome | None = None

    def run(self, order: Order) -> Outcome:
        """Carry an order out. RuntimeError if the process died of it."""
        assert self._process.stdin is not None  # noqa: S101  both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator has died")
        return msgspec.json.decode(line, type=Outcome)

    @contextmanager
    def running(self, order: Order) -> Iterator["Running"]:
        """Carry an order out beside the block; the block ends when it wants, the exit waits for the order's end."""
        running = Running(self, order)
        running.start()
        try:
            yield running
        finally:
            running.join()


class Running(Thread):
    """An order that is being carried out; `result` once it has been."""

    def __init__(self, sender: Sender, order: Order) -> None:
        super().__init__(daemon=True)
        self._sender, self._order = sender, order
        self._outcome: Outcome | None = None

    def run(self) -> None:
        """Wait for the outcome."""
        self._outcome = self._sender.run(self._order)

    @property
    def result(self) -> Outcome:
        """Return the outcome of an order that has been carried out. RuntimeError if it failed."""
        if self._outcome is None:
            raise RuntimeError("the load generator has failed")
        return self._outcome


@contextmanager
def sending() -> Iterator[Sender]:
    """Run the load generator."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.pressure.sender"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Sender(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
