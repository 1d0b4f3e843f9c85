"""`leadflow replay` as an operator types it, beside a running pipeline."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from importlib import resources

import pytest
from e2e.api import Api
from e2e.distributed import Services
from e2e.modes import EMBEDDED, MODES
from e2e.server import PROGRAM, SETTINGS, Server
from e2e.waiting import wait_for
from msgspec.structs import replace

from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.collections import LEADS
from leadflow.core.scoring.tally import EMPTY

Unique = Callable[[str], str]


@pytest.fixture(scope="module", params=MODES)
def place(request: pytest.FixtureRequest) -> Server | Services:
    """A running pipeline that others only add to."""
    found: Server | Services = request.getfixturevalue(
        "shared_server" if request.param == EMBEDDED else "shared_services"
    )
    return found


def replay(place: Server | Services, *arguments: str, code: int = 0) -> str:
    """Run the command beside it; what it printed."""
    given = place.settings if isinstance(place, Services) else SETTINGS
    data = place.folder if isinstance(place, Services) else place.folder / "data"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
    done = subprocess.run(  # noqa: S603  the program under test
        [PROGRAM, "replay", "--data", str(data), *arguments],
        env={**environment, **given},
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def demo(api: Api, message_id: str, email: str) -> str:
    """Somebody asks for a demo; the profile."""
    event = {"type": "track", "event": "Demo Requested", "anonymousId": message_id, "properties": {"email": email}}
    api.send({**event, "messageId": message_id})
    [receipt] = api.scored([message_id])
    return str(receipt["profile_id"])


async def corrupt(place: Server | Services, pid: str) -> None:
    """Lose what a lead has counted, as a defect or a disk might."""
    folder = place.folder if isinstance(place, Services) else place.folder / "data"
    store = await SqliteStore.open(folder / "store.db")
    try:
        (lead,) = await store.get(LEADS, [pid])
        assert lead is not None
        assert all(await store.replace(LEADS, [(pid, replace(lead.value, own=EMPTY), lead.rev)]))
    finally:
        await store.close()


def test_leads_are_rebuilt(place: Server | Services, unique: Unique) -> None:
    """It says what differs, repairs it while the pipeline goes on, and finds nothing the second time."""
    with place.client() as api:
        pid = demo(api, unique("m1"), f"{unique('lan')}@acme.test")
        before = api.get(f"/leads/{pid}")
        asyncio.run(corrupt(place, pid))
        assert f"{pid}: counts" in replay(place, "--dry-run")
        assert api.get(f"/leads/{pid}")["score"]["total"] < before["score"]["total"]
        assert "1 are rebuilt" in replay(place)
        after = api.get(f"/leads/{pid}")
        assert {**after, "as_of": "", "score": {}} == {**before, "as_of": "", "score": {}}
        assert after["score"]["total"] > 0
        assert len(api.changes(pid)) == before["sequence"]
        assert "0 would be rebuilt" in replay(place, "--dry-run")


def test_dead_letters_come_again(place: Server | Services, unique: Unique) -> None:
    """With a repaired event, once."""
    with place.client() as api:
        pid = demo(api, unique("m2"), f"{unique('minh')}@acme.test")
        bad = unique("bad")
        api.send_batch([{"type": "track", "messageId": bad, "event": "Demo Requested"}])
        repaired = {"type": "track", "messageId": bad, "event": "Demo Requested", "anonymousId": unique("m2")}
        file = place.folder / "repaired.jsonl"
        file.write_text(json.dumps({"source": "web", "event": repaired}) + "\n")
        wait_for(lambda: (api.receipt(bad, "web") or {}).get("status") == "rejected", "the dead letter")
        assert "was never stored" in replay(place, "--rejected", "--dry-run")
        assert "1 sent again" in replay(place, "--rejected", "--file", str(file))
        wait_for(lambda: (api.receipt(bad, "web") or {}).get("status") == "scored", "the repair")
        assert (api.receipt(bad, "web") or {})["profile_id"] == pid
        assert "sent again" not in replay(place, "--rejected", "--file", str(file))


def test_it_says_what_it_cannot_do(place: Server | Services) -> None:
    """One line, exit code 2; and nothing stands still here."""
    assert "0 leads are released, 0 commands are sent again" in replay(place, "--parked")
    assert "--since" in replay(place, "--rejected", "--since", "yesterday", code=2)
    other = place.folder / "other.yaml"
    other.write_text((resources.files("leadflow.models") / "b2b.yaml").read_text().replace("points: 40", "points: 90"))
    assert "give that one with --model" in replay(place, "--model", str(other), code=2)
