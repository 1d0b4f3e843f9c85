"""The calls that every SDK makes in these tests, and what has to have become of them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from e2e.api import Api, Json, instant

BATCH = 250
WHILE_AWAY = timedelta(seconds=60)
CLOCKS = timedelta(seconds=1)  # sending takes time between `sentAt` and the moment of receiving


def plan(unique: Callable[[str], str], *, tracks: int = BATCH) -> list[Json]:
    """One call of each kind by one person, then `tracks` more, each with an id and a time of its own."""
    user, device = unique("user"), unique("device")
    page = {"url": "https://shop.example/pricing?from=mail", "path": "/pricing"}
    calls: list[Json] = [
        {"type": "page", "anonymousId": device, "name": "Pricing", "properties": page},
        {"type": "identify", "userId": user, "anonymousId": device, "traits": {"email": f"{user}@mail.example"}},
        {"type": "track", "userId": user, "event": "Form Submitted", "properties": {"form": "demo", "seats": 40}},
        {"type": "screen", "userId": user, "name": "Home", "properties": {"tab": "új — mới"}},
        {"type": "group", "userId": user, "groupId": unique("account"), "traits": {"name": "Acme"}},
        {"type": "alias", "userId": user, "previousId": device},
        *({"type": "track", "userId": user, "event": "Feature Used", "properties": {"n": n}} for n in range(tracks)),
    ]
    begin = (datetime.now(UTC) - timedelta(hours=3)).replace(microsecond=0)
    return [
        {**call, "messageId": unique(f"message-{n}"), "timestamp": (begin + timedelta(seconds=n)).isoformat()}
        for n, call in enumerate(calls)
    ]


def arguments(call: Json) -> dict[str, Any]:
    """Return a call as the Python SDKs take it."""
    names = {
        "userId": "user_id",
        "anonymousId": "anonymous_id",
        "groupId": "group_id",
        "previousId": "previous_id",
        "messageId": "message_id",
    }
    given = {names.get(name, name): value for name, value in call.items() if name != "type"}
    return {**given, "timestamp": instant(call["timestamp"])}


def make(client: Any, call: Json) -> None:
    """Make a call on a Python SDK's client; it has to take it."""
    taken, _ = getattr(client, call["type"])(**arguments(call))
    assert taken, f"the SDK's queue is full at {call['messageId']}"


def check_delivered(api: Api, calls: Sequence[Json], source: str, clocks: timedelta = CLOCKS) -> None:
    """Everything that was called has arrived once, with the right profile, content and source, and the time it had.

    `clocks`: how much later it may seem to have been. SDKs that send a batch again leave its `sentAt` as it was.
    """
    # Until it has been decided who they are, a receipt may name a profile that is merged a moment later.
    api.scored([call["messageId"] for call in calls if call["type"] in {"identify", "alias"}], source)
    receipts = api.scored([call["messageId"] for call in calls], source)
    person = {value: kind for call in calls for kind in ("userId", "anonymousId") if (value := call.get(kind))}
    [profile_id] = {receipt["profile_id"] for receipt in receipts}
    profile = api.get(f"/profiles/{profile_id}")
    assert person.keys() <= {one["value"] for one in profile["identifiers"]}

    timeline = {item["message_id"]: item for item in api.timeline(profile_id)}
    assert len(api.timeline(profile_id)) == len(calls)
    for call in calls:
        item = timeline[call["messageId"]]
        assert item["type"] == call["type"]
        assert item["source"]["name"] == source
        assert abs(instant(item["at"]) - instant(call["timestamp"])) < clocks
        if "properties" in call:
            assert item["properties"] == call["properties"]
            assert item["name"] == call.get("event", call.get("name"))
    shares = {share["rule"]: share for share in api.get(f"/leads/{profile_id}/explanation")["contributions"]}
    assert shares["form"]["count"] == 1
