"""The double as a process of its own, for pipelines that are processes too; or a real server in its place."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tools.arango_double.running import LIVE

from leadflow.adapters.arango_options import ArangoOptions

FOLDER = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """A database that a pipeline may use: its address and how to get in."""

    address: str
    database: str
    user: str
    password: str

    @property
    def settings(self) -> dict[str, str]:
        """For the environment of services."""
        return {
            "LEADFLOW_STORE": f"arango://{self.address}/{self.database}",
            "LEADFLOW_ARANGO_USERNAME": self.user,
            "LEADFLOW_ARANGO_PASSWORD": self.password,
            "LEADFLOW_ARANGO_CALL_TIMEOUT": "2",
        }

    @property
    def options(self) -> ArangoOptions:
        """For a look into it."""
        return ArangoOptions(
            hosts=(f"http://{self.address}",), database=self.database, username=self.user, password=self.password
        )

    def trouble(self, **odds: float) -> None:
        """Make trouble from now on (see `Troubles`); without any, end it. Only the double can."""
        answer = httpx.put(f"http://{self.address}/_double/troubles", json=odds, timeout=10)
        answer.raise_for_status()


@contextmanager
def place(database: str) -> Iterator[Place]:
    """A database that is absent at first, on the double or on the server of LEADFLOW_TEST_ARANGO_URL."""
    live = os.environ.get(LIVE)
    if live is not None:
        parts = urlsplit(live)
        name = f"leadflow_test_{secrets.token_hex(6)}"
        found = Place(f"{parts.hostname}:{parts.port}", name, parts.username or "root", parts.password or "")
        try:
            yield found
        finally:
            login = (found.user, found.password)
            httpx.delete(f"http://{found.address}/_api/database/{name}", auth=login, timeout=60)
        return
    password = secrets.token_hex(8)
    command = [sys.executable, "-m", "tools.arango_double", "--port", "0", "--password", password]
    environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
    with subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise RuntimeError(f"the double ended with {process.poll()} while it started")
            yield Place(urlsplit(url).netloc, database, "root", password)
        finally:
            process.kill()
