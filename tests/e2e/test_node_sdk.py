"""The published Node SDK of Segment against a started server."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from e2e.api import Api, Json
from e2e.calls import WHILE_AWAY, check_delivered, plan
from e2e.modes import IN_BOTH_MODES
from e2e.server import SERVER, Server
from e2e.unreliable import losing_answers

FOLDER = Path(__file__).parent / "node"
INSTALLED = FOLDER / "node_modules" / ".installed"
INSTALL_SECONDS = 100
SEND_SECONDS = 60

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def node() -> str:
    """Return the program, with the SDK installed as locked. In CI it has to be there; elsewhere the tests skip."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        assert not os.environ.get("CI"), "CI needs Node.js with npm: these tests must not be skipped there"
        pytest.skip("needs Node.js with npm")
    lock = FOLDER / "package-lock.json"
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < lock.stat().st_mtime:
        command = [npm, "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
        done = subprocess.run(  # noqa: S603  # npm, found on the path
            command, cwd=FOLDER, timeout=INSTALL_SECONDS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        INSTALLED.touch()
    return program


class Sender:
    """A Node process that makes the calls it is given."""

    def __init__(self, node: str, url: str) -> None:
        """Start it."""
        command = [node, str(FOLDER / "send.mjs"), url, SERVER]
        self._process = subprocess.Popen(  # noqa: S603  # our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def make(self, calls: Iterable[Json]) -> None:
        """Hand calls over."""
        assert self._process.stdin is not None
        self._process.stdin.writelines(json.dumps(call) + "\n" for call in calls)
        self._process.stdin.flush()

    def finish(self) -> None:
        """Have it deliver everything; it has to end without an error."""
        try:
            output, _ = self._process.communicate(timeout=SEND_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
        assert self._process.returncode == 0, output


@IN_BOTH_MODES
def test_everything_arrives_once(node: str, api: Api, unique: Callable[[str], str]) -> None:
    """All kinds of calls and a long series: each is there once, with its profile, time and source."""
    calls = plan(unique)
    sender = Sender(node, api.url)
    sender.make(calls)
    sender.finish()
    check_delivered(api, calls, "server")


@IN_BOTH_MODES
def test_lost_answers(node: str, api: Api, unique: Callable[[str], str]) -> None:
    """What the SDK sends again because an answer was lost counts once: it keeps its message ids."""
    calls = plan(unique, tracks=34)
    with losing_answers(api.url) as (url, losses):
        sender = Sender(node, url)
        sender.make(calls)
        sender.finish()
    assert losses.lost >= 2
    check_delivered(api, calls, "server")


def test_restart(node: str, server: Server, unique: Callable[[str], str]) -> None:
    """The server is stopped and started again in the middle of a series: the SDK's retries deliver all of it, once."""
    calls = plan(unique, tracks=94)
    with server.start() as api:
        sender = Sender(node, server.url)
        sender.make(calls[:50])
        api.scored([calls[0]["messageId"]], "server")
    server.stop()
    sender.make(calls[50:])
    with server.start() as api:
        sender.finish()
        check_delivered(api, calls, "server", WHILE_AWAY)
