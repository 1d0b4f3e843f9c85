"""Leadflow, or one service of it, as a process of its own, and what it says of itself."""

import asyncio
import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.http import WRITE_KEY
from bench.population import populate
from bench.pressure.vitals import Vitals, cpu_seconds, look
from bench.workbench import HASHER, SOURCE
from leadflow.adapters.store_sqlite import SqliteStore

ADMIN_TOKEN = "an-admin-token-of-the-benchmark"  # noqa: S105  made up, for a server that lives for minutes
PROGRAM = Path(sys.executable).with_name("leadflow")
_QUIET_SECONDS = 2.5  # the gauges are a second old at most
_LOOK_SECONDS = 0.25
_START_SECONDS, _STOP_SECONDS = 60.0, 40.0
_LAG = re.compile(r'^leadflow_(?:processor|resolver|scoring)_lag_records\{partition="\d+"\} (\S+)$', re.MULTILINE)
_DONE = re.compile(r"^leadflow_(?:processor|resolver|scoring)_records_total (\S+)$", re.MULTILINE)


class Instance:
    """A running process. `stream_port`: where stage changes are told."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
        self.process, self.port, self.folder = process, port, folder
        self.stream_port = port

    def vitals(self) -> Vitals:
        """Look at its memory, descriptors and files."""
        return look(self.process.pid, self.folder)

    def cpu(self) -> float:
        """Return the CPU seconds that it has used."""
        return cpu_seconds(self.process.pid)

    def ask(self, path: str, timeout: float = 10.0) -> tuple[int, str]:
        """GET a path: status and text; 0 when there was no answer in time."""
        return self._ask("GET", path, None, {"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout)

    def post(self, path: str, event: bytes) -> int:
        """Send an event; the status, 0 when there was no answer."""
        credentials = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
        return self._ask("POST", path, event, {"Authorization": f"Basic {credentials}"}, 10.0)[0]

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float
    ) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def progress(self) -> "Progress":
        """Return how far the hops are, as their own gauges and counters said last."""
        text = self.ask("/metrics")[1]
        return Progress(_sum(_LAG, text), _sum(_DONE, text))

    def lag(self) -> int:
        """Return how many records wait for any hop."""
        return self.progress().waiting

    def settle(self, seconds: float) -> float:
        """See `settle`."""
        return settle([self], seconds)


@dataclass(frozen=True, slots=True)
class Progress:
    """Records that wait for any hop, and records that any hop has committed."""

    waiting: int
    done: int


def settle(instances: Sequence[Instance], seconds: float) -> float:
    """Wait until nothing waits any more; after how long the last record was done. TimeoutError if that never comes."""
    began = last = time.monotonic()
    quiet: float | None = None
    done = 0
    while quiet is None or time.monotonic() - quiet < _QUIET_SECONDS:
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"after {seconds:g} s records still wait")
        time.sleep(_LOOK_SECONDS)
        seen = [instance.progress() for instance in instances]
        if done != (done := sum(one.done for one in seen)):
            last = time.monotonic()
        if any(one.waiting for one in seen):
            quiet = None
        elif quiet is None:
            quiet = time.monotonic()
    return last - began


def _sum(pattern: re.Pattern[str], text: str) -> int:
    return sum(int(float(value)) for value in pattern.findall(text))


def up(folder: Path, settings: Mapping[str, str] | None = None) -> AbstractContextManager[Instance]:
    """Run the embedded pipeline over the data in `folder`; RuntimeError if it does not get ready or end cleanly."""
    return started("up", folder, settings)


@contextmanager
def started(command: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Instance]:
    """Run a command of Leadflow's that serves; RuntimeError if it does not get ready or end cleanly."""
    port = _free_port()
    log = folder / f"{command}-{port}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  the program that is measured
            [PROGRAM, command, "--port", str(port), "--data", str(folder)],
            env=environment(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    instance = Instance(process, port, folder)
    try:
        _wait_ready(instance, log)
        yield instance
    finally:
        code = _end(process)
    if code:
        raise RuntimeError(f"leadflow {command} ended with {code}:\n{_tail(log)}")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process: nobody else's settings, the secrets of the benchmark, and these."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
    return {
        **foreign,
        "LEADFLOW_WRITE_KEYS": f"{SOURCE.name}:{WRITE_KEY}",
        "LEADFLOW_ADMIN_TOKEN": ADMIN_TOKEN,
        "LEADFLOW_HASH_SECRET": HASHER.secret.decode(),
        "LEADFLOW_LOG_FORMAT": "json",
        **settings,
    }


def filled(folder: Path, profiles: int) -> None:
    """Write a store with people in it into the folder, for an instance to start on."""

    async def fill() -> None:
        store = await SqliteStore.open(folder / "store.db")
        try:
            await populate(store, profiles)
        finally:
            await store.close()

    asyncio.run(fill())


def _wait_ready(instance: Instance, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while instance.ask("/readyz", 2.0)[0] != 200:  # noqa: PLR2004
        if instance.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(_tail(log))
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


def _end(process: "subprocess.Popen[bytes]") -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
