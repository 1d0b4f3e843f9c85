"""Leadflow as a user starts it: a process of its own, with its log kept for when a test fails."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
from e2e import plain_http
from e2e.api import Api
from e2e.waiting import wait_for

PROGRAM = Path(sys.executable).with_name("leadflow")
ADMIN_TOKEN = "an-admin-token-made-up-for-tests"
WEB, SERVER, BOUGHT = "WK_1", "WK_2", "WK_3"
SETTINGS = {
    "LEADFLOW_WRITE_KEYS": f"web:{WEB},server:{SERVER},bought:{BOUGHT}",
    "LEADFLOW_SOURCE_QUALITY": "bought:bought",
    "LEADFLOW_ADMIN_TOKEN": ADMIN_TOKEN,
    "LEADFLOW_HASH_SECRET": "a-hash-secret-made-up-for-tests",
    "LEADFLOW_LOG_FORMAT": "json",
}
STOP_SECONDS = 20.0
TAIL = 8_000  # characters of the log that a failure shows


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`leadflow up` on a port and a folder that stay the same over restarts."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        """Nothing is started yet. Without keys among the `settings`, the first start generates them."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.log = folder / "server.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Api:
        """Start it and return once it is ready, with a client for it."""
        assert self._process is None, "it runs already"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # the program under test
                [PROGRAM, "up", "--port", str(self.port), "--data", str(self.folder / "data")],
                env={**environment, **self._settings},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._ready, f"/readyz of {self.url}")
        return self.client()

    def client(self) -> Api:
        """Return a client for it."""
        return Api(self.url, self.token)

    def _ready(self) -> bool:
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"leadflow ended with {code} while starting:\n{self.tail()}"
        try:
            return plain_http.get(f"{self.url}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """Ask it to end, as a service manager does; a stop that is not clean fails the test."""
        code = self._end(signal.SIGTERM)
        assert code == 0, f"leadflow ended with {code} after SIGTERM:\n{self.tail()}"

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "it does not run"
        process.send_signal(how)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"leadflow did not end within {STOP_SECONDS:g} s:\n{self.tail()}") from None

    @property
    def token(self) -> str:
        """Return the token of the admin API: the one that was set, else the one that was generated."""
        given = self._settings.get("LEADFLOW_ADMIN_TOKEN")
        return given or str(json.loads((self.folder / "data" / "secrets.json").read_text())["admin_token"])

    @property
    def running(self) -> bool:
        """Whether there is a process to end."""
        return self._process is not None

    def logs(self) -> str:
        """Return what it has logged."""
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-TAIL:] if self.log.exists() else ""
