"""What a new user is told to type, typed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from e2e import plain_http
from e2e.api import Api, Json
from e2e.server import Server, free_port
from e2e.waiting import wait_for
from tools.broker import Cluster

README = Path(__file__).parents[2] / "README.md"
SHOWN_KAFKA = "kafka://127.0.0.1:9092"
SHOWN_URL, SHOWN_KEY, SHOWN_ID = "http://127.0.0.1:8080", "YOUR_WRITE_KEY", "/ID/"
THEN_ASK = "# one profile knows both; the lead has moved, and says why\n"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="what the README says needs curl")


def blocks(heading: str) -> list[str]:
    """Return the code blocks below a heading of the README."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```\w*\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


class Shell:
    """A user's shell in the folder of the project, which remembers what was exported."""

    def __init__(self, server: Server) -> None:
        """Make the folder look like a set-up clone."""
        self._folder, self._url = server.folder, server.url
        self._exported = server.folder / "exported"
        self._exported.touch()
        (server.folder / ".venv").symlink_to(Path(sys.executable).parent.parent)

    def type(self, lines: str) -> list[Json]:
        """Run lines, with the server's own address; return the JSON documents that they print."""
        lines = lines.replace(SHOWN_URL, self._url)
        script = f"set -e\n. {self._exported}\n{lines}\ndeclare -px > {self._exported}"
        done = subprocess.run(  # noqa: S603  # lines of our own README
            ["bash", "-c", script],  # noqa: S607
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return list(documents(done.stdout))


def documents(text: str) -> Iterator[Json]:
    """Read JSON documents that follow one another."""
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].lstrip()


@pytest.fixture(scope="module")
def api(new_server: Server) -> Iterator[Api]:
    """A server on which nothing was set: it has generated its keys."""
    with new_server.start() as client:
        yield client


@pytest.fixture(scope="module")
def shell(api: Api, new_server: Server) -> Shell:
    """The second terminal."""
    assert api
    return Shell(new_server)


def test_tour_with_curl(api: Api, shell: Shell) -> None:
    """The sixty seconds: somebody looks around, asks for a demo, and sales accepts."""
    look, accept = blocks("Sixty seconds with curl")
    send, found, ask = look.partition(THEN_ASK)
    assert found
    assert shell.type(send) == [{"success": True}, {"success": True}]
    profile_id = wait_for(lambda: api.profile_id(phone="0912 345 678"), "the profile of the tour")
    wait_for(lambda: api.changes(profile_id), "its stage changes")

    profiles, leads, changes = shell.type(ask)
    [profile] = profiles["items"]
    assert {one["type"] for one in profile["identifiers"]} == {"anonymous_id", "email", "phone"}
    assert {one["profile_id"]: one["stage"] for one in leads["items"]} == {profile_id: "mql"}
    assert [one["to"] for one in changes["items"]] == ["lead", "mql"]

    [taken] = shell.type(accept.replace(SHOWN_ID, f"/{profile['profile_id']}/"))
    assert taken["lead"]["stage"] == "sql"


def test_tour_with_an_sdk(api: Api, shell: Shell, new_server: Server) -> None:
    """The SDK's lines, with the key that was generated."""
    [lines] = blocks("The same with an SDK")
    key = json.loads((new_server.folder / "data" / "secrets.json").read_text())["write_keys"].partition(":")[2]
    script = new_server.folder / "tour.py"
    script.write_text(lines.replace(SHOWN_URL, new_server.url).replace(SHOWN_KEY, key))
    assert shell.type(f".venv/bin/python {script}") == []
    profile_id = wait_for(lambda: api.profile_id(user_id="u-2"), "the profile of the SDK's tour")
    wait_for(lambda: len(api.timeline(profile_id)) == 3, "the three events of the SDK's tour")
    assert api.profile_id(anonymous_id="anon-2") == profile_id
    assert api.changes(profile_id)[-1]["to"] == "lead"


def test_every_address_answers(api: Api, new_server: Server) -> None:
    """Each address that the README or the start-up message names is there; some ask for a key or another method."""
    shown = README.read_text(encoding="utf-8").replace(SHOWN_URL, api.url) + new_server.log.read_text()
    addresses = set(re.findall(rf"{re.escape(api.url)}/[\w./-]+", shown))
    assert len(addresses) > 3
    answers = {address: api.http.get(address).status_code for address in addresses}
    assert {address: status for address, status in answers.items() if status not in {200, 401, 405}} == {}


@pytest.fixture
def services_of_the_readme(kafka: Cluster, tmp_path: Path) -> Iterator[tuple[dict[str, str], str]]:
    """Type what the README says about Kafka; the addresses of the services by their ports there, and the exports."""
    [lines] = blocks("The same as separate services over Kafka")
    ports = {shown: str(free_port()) for shown in re.findall(r"--port (\d+)", lines)}
    for shown, port in ports.items():
        lines = lines.replace(f"--port {shown}", f"--port {port}")
    lines = lines.replace(SHOWN_KAFKA, kafka.url).replace(" &\n", f" >>{tmp_path}/services.log 2>&1 &\n")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    pids = tmp_path / "pids"
    prefix = f"export LEADFLOW_TOPIC_PREFIX={tmp_path.name}."
    script = f"set -e\n{prefix}\n{lines}\njobs -p >{pids}\ndeclare -px"
    typed = subprocess.run(  # noqa: S603  lines of our own README
        ["bash", "-c", script],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    try:
        assert typed.returncode == 0, typed.stdout + typed.stderr
        yield {shown: f"http://127.0.0.1:{port}" for shown, port in ports.items()}, typed.stdout
    finally:
        started = [int(pid) for pid in pids.read_text().split()]
        for pid in started:
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "their end")


@pytest.mark.kafka
def test_tour_over_kafka(services_of_the_readme: tuple[dict[str, str], str]) -> None:
    """Four services started by the README's lines take an event and make a lead of it."""
    addresses, exported = services_of_the_readme
    observer, *_, admin = addresses.values()
    write_key = re.findall(r'LEADFLOW_WRITE_KEYS="web:(\w+)"', exported)[0]
    token = re.findall(r'LEADFLOW_ADMIN_TOKEN="(\w+)"', exported)[0]
    wait_for(lambda: all(ready(address) for address in addresses.values()), "four services being ready", seconds=60)
    with Api(observer, token, admin) as api:
        event = {"type": "track", "anonymousId": "a-3", "event": "Demo Requested", "messageId": "tour"}
        api.send({**event, "properties": {"email": "lan@example.vn", "phone": "0912 345 678"}}, write_key)
        api.scored(["tour"])
        profile_id = api.profile_id(email="lan@example.vn")
        assert profile_id
        assert [change["to"] for change in api.changes(profile_id)] == ["lead", "mql"]


def ready(address: str) -> bool:
    """Whether a service can work."""
    try:
        return plain_http.get(f"{address}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False
