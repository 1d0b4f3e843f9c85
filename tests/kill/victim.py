"""A `leadflow up` that is going to be killed: started without waiting, ended at any moment of its life."""

import os
import resource
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
from e2e import plain_http
from e2e.server import PROGRAM, SETTINGS, free_port
from e2e.waiting import wait_for

_TAIL = 6_000
_NOT_PASSED_ON = "LEADFLOW_"


class Victim:
    """One process after the other, on a port and a folder that stay."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        """Nothing is started yet."""
        self.settings = settings
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self._folder = folder
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a process; it takes a while until it listens."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  the program under test
                [PROGRAM, "up", "--port", str(self.port), "--data", str(self.data)],
                env={**environment, **self.settings},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def initialise(self) -> None:
        """`leadflow init`, for what no server creates by itself."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        command = [PROGRAM, "init", "--data", str(self.data)]
        subprocess.run(command, env={**environment, **self.settings}, cwd=self._folder, check=True, capture_output=True)  # noqa: S603

    def lives_for(self, seconds: float) -> bool:
        """Let it live so long; False when it has ended by itself before."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def check(self) -> None:
        """It must not end by itself."""
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"leadflow ended by itself with {code}:\n{self.tail()}"

    def wait_until_ready(self) -> None:
        """Return once /readyz says so."""

        def ready() -> bool:
            self.check()
            try:
                return plain_http.get(f"{self.url}/readyz", timeout=5).is_success
            except httpx.TransportError:
                return False

        wait_for(ready, f"/readyz of {self.url}")

    def fill_disk(self, room: int) -> None:
        """Let no file be written behind so many bytes: for the process the disk is full then, or will be soon."""
        assert self._process is not None
        _limit_files(self._process.pid, room)

    def free_disk(self) -> None:
        """Let files grow again."""
        assert self._process is not None
        _limit_files(self._process.pid, resource.RLIM_INFINITY)

    def readiness(self) -> tuple[int, str]:
        """Status and text of /readyz."""
        answer = plain_http.get(f"{self.url}/readyz", timeout=10)
        return answer.status_code, answer.text

    def ask_to_stop(self) -> None:
        """SIGTERM, as a service manager sends it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL; harmless when it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)

    def stop(self) -> None:
        """End it in the regular way."""
        assert self._process is not None
        self.ask_to_stop()
        code = self._process.wait(20)
        assert code == 0, f"leadflow ended with {code} after SIGTERM:\n{self.tail()}"

    def tail(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-_TAIL:]


def _limit_files(pid: int, size: int) -> None:
    """Change the soft limit of a running process."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
