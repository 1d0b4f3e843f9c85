"""What counts, and what does not: duplicates, sources of low quality, history, crawlers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from e2e.api import Api, Json, instant
from e2e.server import BOUGHT, SERVER, WEB

Unique = Callable[[str], str]
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def track(event: str, **fields: Any) -> Json:
    """Return a track call."""
    return {"type": "track", "event": event, **fields}


def contributions(api: Api, profile_id: str, at: str = "") -> dict[str, Json]:
    """Return the shares of a lead's score by rule."""
    explained = api.explanation(profile_id, at) if at else api.get(f"/leads/{profile_id}/explanation")
    return {share["rule"]: share for share in explained["contributions"]}


def test_duplicates_count_once(api: Api, unique: Unique) -> None:
    """The same message id counts once, alone or in batches, under another person's id too; the first copy stands."""
    message_id, device = unique("message"), unique("device")
    form = track("Form Submitted", anonymousId=device, messageId=message_id, properties={"copy": 1})
    api.send(form)
    api.scored([message_id])
    api.send({**form, "properties": {"copy": 2}})
    api.send_batch([form, {**form, "anonymousId": unique("other")}])
    last = unique("last")
    api.send_batch([form, track("Search", anonymousId=device, messageId=last)])
    [receipt] = api.scored([last])
    items = {item["message_id"]: item for item in api.timeline(receipt["profile_id"])}
    assert items.keys() == {message_id, last}
    assert items[message_id]["properties"] == {"copy": 1}
    assert contributions(api, receipt["profile_id"])["form"]["count"] == 1
    assert [one["status"] for one in api.scored([message_id])] == ["scored"]
    assert api.profile_id(anonymous_id=unique("other")) is None


def test_same_id_from_two_sources(api: Api, unique: Unique) -> None:
    """A message id is unique per write key: both count, and a receipt has to be asked for by source."""
    message_id, device = unique("message"), unique("device")
    form = track("Form Submitted", anonymousId=device, messageId=message_id)
    api.send(form, WEB)
    api.send(form, SERVER)
    [web], [server] = api.scored([message_id], "web"), api.scored([message_id], "server")
    assert web["profile_id"] == server["profile_id"]
    assert contributions(api, web["profile_id"])["form"]["count"] == 2
    answer = api.ask(f"/receipts/{message_id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous_source")
    assert sorted(answer.json()["sources"]) == ["server", "web"]


def test_unknown_receipt(api: Api, unique: Unique) -> None:
    """What was never accepted has no receipt."""
    answer = api.ask(f"/receipts/{unique('never')}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_bought_lead(api: Api, unique: Unique) -> None:
    """A bought contact becomes a lead, its engagement counts a fifth, and even a demo request makes it no MQL."""
    message_id, email = unique("message"), f"{unique('bought')}@mail.example"
    demo = track("Demo Requested", anonymousId=unique("device"), messageId=message_id, properties={"email": email})
    api.send(demo, BOUGHT)
    [receipt] = api.scored([message_id], "bought")
    lead = api.get(f"/leads/{receipt['profile_id']}")
    assert (lead["stage"], lead["sequence"]) == ("lead", 1)
    shares = contributions(api, receipt["profile_id"])
    assert shares["source_quality"]["points"] == pytest.approx(-0.8 * shares["hand_raise"]["points"], abs=1e-5)
    [change] = api.changes(receipt["profile_id"])
    assert any("bought" in missing for missing in change["next"]["missing"])


def test_history_counts_at_its_own_time(api: Api, unique: Unique) -> None:
    """An import scores when it happened: aged today, and at its own time when asked for the past."""
    device, now = unique("device"), datetime.now(UTC)
    then = now - timedelta(days=14)
    ids = [unique("pricing"), unique("demo")]
    email = f"{unique('past')}@mail.example"
    events = [
        {"type": "page", "anonymousId": device, "context": {"page": {"path": "/pricing"}}},
        track("Demo Requested", anonymousId=device, properties={"email": email}),
    ]
    dated = [
        {**event, "messageId": message_id, "timestamp": (then + n * timedelta(minutes=1)).isoformat()}
        for n, (event, message_id) in enumerate(zip(events, ids, strict=True))
    ]
    api.send_batch(dated, SERVER, "/v1/import")
    [receipt, _] = api.scored(ids, "server")
    profile_id = receipt["profile_id"]
    for item in api.timeline(profile_id):
        assert abs(instant(item["at"]) - then) < timedelta(minutes=2)
        assert item["historical"] is True
    # Two half-lives of intent have passed, one of interest.
    shares = contributions(api, profile_id)
    assert shares["hand_raise"]["points"] == pytest.approx(10, rel=0.01)
    assert shares["page_view"]["points"] == pytest.approx(0.5, rel=0.01)
    fresh = contributions(api, profile_id, (then + timedelta(minutes=2)).isoformat())
    assert fresh["hand_raise"]["points"] == pytest.approx(40, rel=0.02)
    changes = api.changes(profile_id)
    assert [(change["to"], change["sequence"]) for change in changes] == [("lead", 1), ("mql", 2)]
    assert {instant(change["at"]) for change in changes} == {instant(dated[1]["timestamp"])} or abs(
        instant(changes[0]["at"]) - instant(dated[1]["timestamp"])
    ) < timedelta(milliseconds=2)


def test_crawlers_are_stored_and_not_scored(api: Api, unique: Unique) -> None:
    """A crawler's visits stand in the timeline, marked, and are worth nothing."""
    device, message_id = unique("device"), unique("message")
    context = {"userAgent": GOOGLEBOT, "page": {"path": "/pricing"}}
    api.send({"type": "page", "anonymousId": device, "messageId": message_id, "context": context})
    [receipt] = api.scored([message_id])
    [item] = api.timeline(receipt["profile_id"])
    assert (item["message_id"], item["bot"]) == (message_id, True)
    lead = api.get(f"/leads/{receipt['profile_id']}")
    assert (lead["score"]["total"], lead["stage"]) == (0, "visitor")
    assert contributions(api, receipt["profile_id"]) == {}


def test_bad_event_in_a_batch(api: Api, unique: Unique) -> None:
    """One bad event is put aside with its reason; the others of its batch count."""
    device, good, bad = unique("device"), unique("good"), unique("bad")
    api.send_batch([{"type": "track", "messageId": bad}, track("Search", anonymousId=device, messageId=good)])
    api.scored([good])
    receipt = api.receipt(bad, "web")
    assert receipt is not None
    assert (receipt["status"], bool(receipt["reason"])) == ("rejected", True)


def test_first_visit_with_a_demo_request(api: Api, unique: Unique) -> None:
    """Each stage that is passed is a change of its own, with the same trigger."""
    message_id, email = unique("message"), f"{unique('first')}@mail.example"
    api.send(track("demo-requested", anonymousId=unique("device"), messageId=message_id, properties={"email": email}))
    [receipt] = api.scored([message_id])
    changes = api.changes(receipt["profile_id"])
    assert [(change["sequence"], change["from"], change["to"]) for change in changes] == [
        (1, "visitor", "lead"),
        (2, "lead", "mql"),
    ]
    assert {change["trigger"]["message_id"] for change in changes} == {message_id}
    assert changes[0]["source"]["channel"] == "direct"


def test_an_order_goes_straight_to_customer(api: Api, unique: Unique) -> None:
    """A stranger who orders is a customer at once."""
    message_id = unique("message")
    api.send(track("Order Completed", userId=unique("user"), messageId=message_id), SERVER)
    [receipt] = api.scored([message_id], "server")
    [change] = api.changes(receipt["profile_id"])
    assert (change["sequence"], change["from"], change["to"]) == (1, "visitor", "customer")


@pytest.mark.parametrize("path", ["/leads", "/stage-changes", "/profiles?email=a@b.example", "/funnel", "/receipts/a"])
def test_the_admin_api_needs_its_token(api: Api, path: str) -> None:
    """Without the token, or with another one, nobody learns anything."""
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Basic V0tfMTo="}):
        answer = api.http.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == httpx.codes.UNAUTHORIZED
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]
