"""One node of a cluster: its process, with what it writes in kafka.log beside its data."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.broker.jars import HERE
from tools.broker.readiness import wait_until_serving
from tools.broker.security import Access

READY_SECONDS = 90.0  # what a busy machine may take; an idle one takes 5
_STOP_SECONDS = 15.0
_TAIL = 4_000  # characters of the log that an error shows


class NotReady(RuntimeError):
    """A node ended while it was starting, or took too long; the message shows its log."""


class Node:
    """A broker and controller in one process. Stopped or killed, it can be started again on its ports and its data."""

    def __init__(self, number: int, address: str, folder: Path, command: Sequence[str], access: Access) -> None:
        """Nothing is started yet. `number` is its node.id, `address` where clients find it."""
        self.number = number
        self.address = address
        self.folder = folder
        self.log = folder / "kafka.log"
        self._command = command
        self._access = access
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def pid(self) -> int:
        """Return the process id of the JVM."""
        if self._keeper is None:
            raise ProcessLookupError(f"the node at {self.address} does not run")
        return self._pid

    @property
    def running(self) -> bool:
        """Whether its process is there, suspended or not."""
        return self._keeper is not None and self._keeper.poll() is None

    def launch(self) -> None:
        """Start the process without waiting until it serves."""
        if self.running:
            raise RuntimeError(f"the node at {self.address} runs already")
        with self.log.open("ab") as output:
            keeper = subprocess.Popen(  # noqa: S603  our own arguments, no shell
                [sys.executable, "-I", str(HERE.parent / "keeper.py"), *self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # Ctrl-C ends the starter, which then ends this in good order
            )
        assert keeper.stdout is not None  # noqa: S101  a pipe
        with keeper.stdout as first:
            self._pid = int(first.readline())
        self._keeper = keeper

    def start(self) -> None:
        """Start it and return when it serves; NotReady if it does not."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Return when it serves; NotReady if it does not."""
        try:
            wait_until_serving(self.address, self.number, self._access, READY_SECONDS, self._check)
        except TimeoutError as error:
            raise NotReady(f"{error}\n{self.tail()}") from error

    def _check(self) -> None:
        if not self.running:
            raise NotReady(f"the node at {self.address} ended while starting:\n{self.tail()}")

    def stop(self) -> None:
        """End it as a service manager does: SIGTERM, and SIGKILL when that takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Let it hang with its connections open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `suspend`."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None or keeper.stdin is None:
            return
        with keeper.stdin:  # closing it kills what is still there
            if keeper.poll() is None:
                os.kill(self._pid, how)
            try:
                keeper.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.kill(self._pid, signal.SIGKILL)
        keeper.wait()

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:] if self.log.exists() else ""
