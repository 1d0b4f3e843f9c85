"""`leadflow replay` as an operator types it, beside a running pipeline."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from importlib import resources
from pathlib import Path

from e2e.api import Api
from e2e.server import PROGRAM, SETTINGS, Server
from e2e.waiting import wait_for


def replay(server: Server, *arguments: str, code: int = 0) -> str:
    """Run the command on the server's data; what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
    done = subprocess.run(  # noqa: S603  the program under test
        [PROGRAM, "replay", "--data", str(server.folder / "data"), *arguments],
        env={**environment, **SETTINGS},
        cwd=server.folder,
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


def corrupt(folder: Path, pid: str) -> None:
    """Lose what a lead has counted, as a defect or a disk might."""
    with closing(sqlite3.connect(folder / "data" / "store.db", timeout=20)) as store, store:
        (body,) = store.execute("SELECT _body FROM leads WHERE _key = ?", (pid,)).fetchone()
        lead = {name: value for name, value in json.loads(body).items() if name != "own"}
        store.execute("UPDATE leads SET _body = ?, _rev = _rev + 1 WHERE _key = ?", (json.dumps(lead), pid))


def test_replay(server: Server) -> None:
    """It says what differs, repairs it while the pipeline goes on, sends repaired events in, and does nothing twice."""
    with server.start() as api:
        pid = demo(api, "m1", "lan@acme.test")
        before = api.get(f"/leads/{pid}")
        assert "0 would be rebuilt" in replay(server, "--dry-run")
        corrupt(server.folder, pid)
        assert api.get(f"/leads/{pid}")["score"]["total"] < before["score"]["total"]
        assert f"{pid}: counts" in replay(server, "--dry-run")
        assert api.get(f"/leads/{pid}")["score"]["total"] < before["score"]["total"]
        assert "1 are rebuilt" in replay(server)
        after = api.get(f"/leads/{pid}")
        assert {**after, "as_of": "", "score": {}} == {**before, "as_of": "", "score": {}}
        assert after["score"]["total"] > 0
        assert len(api.changes(pid)) == before["sequence"]
        assert "0 are rebuilt" in replay(server)

        assert "no dead letters" in replay(server, "--rejected")
        api.send_batch([{"type": "track", "messageId": "bad", "event": "Demo Requested"}])
        repaired = {"type": "track", "messageId": "bad", "event": "Demo Requested", "anonymousId": "m1"}
        file = server.folder / "repaired.jsonl"
        file.write_text(json.dumps({"source": "web", "event": repaired}) + "\n")
        wait_for(lambda: "1 was never stored" in replay(server, "--rejected"), "the dead letter")
        assert "1 would be sent again" in replay(server, "--rejected", "--file", str(file), "--dry-run")
        assert "1 sent again" in replay(server, "--rejected", "--file", str(file))
        [receipt] = api.scored(["bad"])
        assert receipt["profile_id"] == pid
        assert "no dead letters" in replay(server, "--rejected", "--file", str(file))

        assert "0 leads are released, 0 commands are sent again" in replay(server, "--parked")
        assert "two runs" in replay(server, "--parked", "--rejected", code=2)
        assert "--since" in replay(server, "--rejected", "--since", "yesterday", code=2)
        other = server.folder / "other.yaml"
        other.write_text(
            (resources.files("leadflow.models") / "b2b.yaml").read_text().replace("points: 40", "points: 90")
        )
        assert "give that one with --model" in replay(server, "--model", str(other), code=2)
