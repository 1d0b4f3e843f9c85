"""What three published SDKs were recorded to send, sent again byte for byte to a started server."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from e2e.api import Api, Json, instant
from e2e.server import Server
from e2e.waiting import wait_for

RECORDINGS = Path(__file__).parent / "recordings"
FILES = sorted(path.relative_to(RECORDINGS).as_posix() for path in RECORDINGS.rglob("*.json"))
OF_THE_TRANSPORT = {"host", "content-length", "connection"}
LARGEST_EVENT = 32 * 1024
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Recording:
    """One recorded request: its file, what was sent and what its body says."""

    file: str
    path: str
    headers: dict[str, str]
    wire: bytes
    body: Json

    @property
    def events(self) -> list[Json]:
        """Return the events of the batch."""
        return list(self.body["batch"])


@dataclass(frozen=True)
class Replay:
    """What happened to one recording: the answer, and between which two moments the server received it."""

    recording: Recording
    answer: httpx.Response
    earliest: datetime
    latest: datetime


def read(file: str) -> Recording:
    """Load a recording and make its body as the SDK had made it: compact by Node, spaced by Python."""
    recorded = json.loads((RECORDINGS / file).read_text(encoding="utf-8"))
    compact = "node" in file
    text = json.dumps(recorded["body"], separators=(",", ":") if compact else None, ensure_ascii=not compact).encode()
    if not recorded["gzip"]:
        assert len(text) == recorded["wire_bytes"], f"{file}: not the bytes that were recorded"
    return Recording(
        file=file,
        path=recorded["path"],
        headers={name: value for name, value in recorded["headers"].items() if name.lower() not in OF_THE_TRANSPORT},
        wire=gzip.compress(text) if recorded["gzip"] else text,
        body=recorded["body"],
    )


def too_large(event: Json) -> bool:
    """Whether an event is over the limit of the Segment specification."""
    return len(json.dumps(event, separators=(",", ":"))) > LARGEST_EVENT


@pytest.fixture(scope="module")
def api(own_server: Server) -> Iterator[Api]:
    """A client of a server that gets nothing but the recordings."""
    with own_server.start() as client:
        yield client


@pytest.fixture(scope="module")
def replays(api: Api) -> list[Replay]:
    """Send every recording once, in the order in which they were recorded."""
    done = []
    for recording in map(read, FILES):
        earliest = datetime.now(UTC)
        answer = api.http.post(recording.path, content=recording.wire, headers=recording.headers)
        done.append(Replay(recording, answer, earliest, datetime.now(UTC)))
    return done


@pytest.fixture(scope="module")
def first_sent(replays: list[Replay]) -> dict[str, tuple[Json, Replay]]:
    """By message id, the first copy of each event that fits: the one that has to stand."""
    first: dict[str, tuple[Json, Replay]] = {}
    for replay in replays:
        for event in replay.recording.events:
            if not too_large(event):
                first.setdefault(event["messageId"], (event, replay))
    return first


@pytest.fixture(scope="module")
def timeline(api: Api, first_sent: dict[str, tuple[Json, Replay]]) -> list[Json]:
    """Everything that the one person of the recordings did."""
    api.scored(first_sent)
    profile_id = wait_for(lambda: api.profile_id(user_id="u1"), "a profile of u1")
    return api.timeline(profile_id)


@pytest.mark.parametrize("file", FILES)
def test_answer(file: str, replays: list[Replay]) -> None:
    """Every SDK hears the one answer that all of them take for success, also after refusals that made it retry."""
    [replay] = [one for one in replays if one.recording.file == file]
    assert (replay.answer.status_code, replay.answer.json()) == (200, {"success": True})


def test_everything_arrives_once(timeline: list[Json], first_sent: dict[str, tuple[Json, Replay]]) -> None:
    """Each recorded event stands in the timeline of its user once, however often its batch was sent."""
    assert sorted(item["message_id"] for item in timeline) == sorted(first_sent)


def test_receipts_name_the_profile(api: Api, timeline: list[Json], first_sent: dict[str, Any]) -> None:
    """Each receipt says `scored` and names the profile that has the user's id, e-mail and phone."""
    assert timeline
    profile = api.get(f"/profiles/{api.profile_id(email='lan@example.vn')}")
    named = {(one["type"], one["value"]) for one in profile["identifiers"]}
    assert {("user_id", "u1"), ("email", "lan@example.vn"), ("phone", "+84901234567")} <= named
    receipts = api.scored(first_sent)
    assert {receipt["profile_id"] for receipt in receipts} == {profile["profile_id"]}
    assert {(receipt["status"], receipt["source"]) for receipt in receipts} == {("scored", "web")}


def test_event_times(timeline: list[Json], first_sent: dict[str, tuple[Json, Replay]]) -> None:
    """Event time = received - (sentAt - timestamp), by the first copy that came."""
    for item in timeline:
        event, replay = first_sent[item["message_id"]]
        received = instant(item["received_at"])
        assert replay.earliest - MILLISECOND <= received <= replay.latest, replay.recording.file
        age = instant(replay.recording.body["sentAt"]) - instant(event["timestamp"])
        assert abs(instant(item["at"]) - (received - age)) <= 2 * MILLISECOND, replay.recording.file


def test_content(timeline: list[Json], first_sent: dict[str, tuple[Json, Replay]]) -> None:
    """Types, names, properties and the source are those that were sent."""
    for item in timeline:
        event, _ = first_sent[item["message_id"]]
        assert item["type"] == event["type"]
        assert item["source"]["name"] == "web"
        if event["type"] in {"track", "page", "screen"}:
            assert item["properties"] == event["properties"]
            assert item["name"] == event.get("event", event.get("name"))


@pytest.mark.parametrize("sdk", ["rudder-sdk-python", "segment-analytics-node"])
def test_oversize(sdk: str, api: Api, replays: list[Replay]) -> None:
    """An event above 32 KB is accepted with its batch and put aside, with a receipt that says why."""
    [event] = [e for r in replays if r.recording.file.startswith(f"{sdk}/oversize") for e in r.recording.events]
    assert too_large(event)

    def look() -> Json | None:
        return api.receipt(event["messageId"], "web")

    receipt = wait_for(look, "a receipt of the oversize event")
    assert receipt["status"] == "rejected"
    assert "event_too_large" in receipt["reason"]
    assert receipt["profile_id"] is None
