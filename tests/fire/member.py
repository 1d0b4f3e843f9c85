"""One service as a process of its own, on a port that stays the same however often it is started."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
from e2e import plain_http
from e2e.server import PROGRAM, free_port
from e2e.waiting import wait_for

ROLES = ("observer", "processor", "scoring", "admin-api")
PATIENCE = 180.0  # seconds; eight processes that start on a busy machine take many
STOP_SECONDS = 60.0
_TAIL = 3_000  # characters of a log that a failure shows
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """A test that is killed leaves nobody behind; runs in the child, which the starting thread must outlive."""
    if hasattr(libc := ctypes.CDLL(None), "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Member:
    """A member of the cast. Start it from the main thread: it dies with the thread that started it."""

    def __init__(self, role: str, number: int, folder: Path, settings: Mapping[str, str]) -> None:
        """Nothing is started yet."""
        self.role = role
        self.name = f"{role}-{number}"
        self.port = free_port()
        self.log = folder / f"{self.name}.log"
        self.peak_kib = 0  # resident memory, over all its lives
        self.frozen = False
        self._was_ready = False  # when it was asked to stop
        self._folder = folder
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a process; it takes a while until it is ready."""
        assert not self.alive, f"{self.name} runs already"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  the program under test
                [PROGRAM, self.role, "--port", str(self.port)],
                env={**environment, **self._settings},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  one call of libc, no lock of Python's
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs; a frozen one does."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code of a process that has ended."""
        return self._process.poll() if self._process is not None else None

    def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            return plain_http.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> None:
        """Return once /readyz says so; AssertionError when it ends instead."""

        def ready() -> bool:
            assert self.alive, f"{self.name} ended with {self.code} while starting:\n{self.tail()}"
            return self.ready()

        wait_for(ready, f"/readyz of {self.name}", seconds=PATIENCE)

    def kill(self) -> None:
        """SIGKILL; harmless when it has ended."""
        if self._process is not None:
            self.note_memory()
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self.frozen = False

    def ask_to_stop(self) -> None:
        """SIGTERM, as a service manager sends it."""
        self.note_memory()
        self._was_ready = self.ready()
        self._send(signal.SIGTERM)

    def wait_until_stopped(self) -> None:
        """Return once it has ended in the regular way."""
        assert self._process is not None
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end after SIGTERM:\n{self.tail()}") from None
        asked_too_early = code == -signal.SIGTERM and not self._was_ready  # before it could listen to anybody
        assert code == 0 or asked_too_early, f"{self.name} ended with {code} after SIGTERM:\n{self.tail()}"

    def freeze(self) -> None:
        """SIGSTOP: it knows nothing of the time that passes."""
        self._send(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had happened."""
        self._send(signal.SIGCONT)
        self.frozen = False

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def note_memory(self) -> None:
        """Remember the largest resident size so far; nothing where the system does not tell."""
        if not self.alive or self._process is None:
            return
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return
        sizes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
        self.peak_kib = max(self.peak_kib, *sizes) if sizes else self.peak_kib

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-_TAIL:] if self.log.exists() else ""
