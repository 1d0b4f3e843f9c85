"""Profiles: found by any identifier, whole after merges, with a timeline and an export."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from leadflow.contracts.collections import IDENTITIES, LEADS, PROFILES, TOUCHPOINTS
from leadflow.contracts.documents import IdentityDoc, LeadDoc
from leadflow.core.scoring.tally import Stated
from leadflow.core.time import HOUR, MINUTE, from_rfc3339
from leadflow.core.touchpoint import Identifier
from leadflow_admin_api import export

NOON = from_rfc3339("2026-11-21T12:00:00Z")


@pytest.mark.parametrize(
    ("kind", "stored", "asked"),
    [
        ("email", "lan@example.vn", "  Lan@Example.VN "),
        ("phone", "+84912345678", "0912 345 678"),
        ("phone", "+84912345678", "+84 912 345 678"),
        ("user_id", "u1", " u1 "),
        ("anonymous_id", "anon-1", "anon-1"),
        ("device_id", "d-1", "d-1"),
        ("crm_id", "c-1", "c-1"),
        ("national_id", "012345678901", "012345678901"),
        ("loyalty_id", "L-7", "L-7"),
    ],
)
async def test_a_profile_is_found_by_any_identifier(world: Any, kind: str, stored: str, asked: str) -> None:
    """The value is brought into its normal form as on input, for configured types, too."""
    await world.person("p1", (kind, stored))
    answer = await world.get("/profiles", **{kind: asked})
    assert [item["profile_id"] for item in answer["items"]] == ["p1"]
    assert answer["items"][0]["identifiers"] == [
        {"type": kind, "value": stored, "first_seen": "2026-11-21T11:00:00.000Z", "source": "website"}
    ]
    assert answer["more"] is False
    assert (await world.get("/profiles", **{kind: asked}, cursor=answer["next"]))["items"] == []


@pytest.mark.parametrize(
    "asked", [{"email": "nobody@example.vn"}, {"email": "no address"}, {"user_id": "null"}, {"phone": "12"}]
)
async def test_a_look_up_that_finds_nobody_is_an_empty_list(world: Any, asked: dict[str, str]) -> None:
    """So is one for a value that no profile can have; `next` is there all the same."""
    answer = await world.get("/profiles", **asked)
    assert answer["items"] == []
    assert answer["more"] is False
    assert answer["next"]


@pytest.mark.parametrize(
    "query",
    ["", "?colour=red", "?email=a@example.vn&phone=0912345678", "?email=a@example.vn&email=b@example.vn", "?email=%20"],
)
async def test_a_look_up_names_exactly_one_identifier(world: Any, query: str) -> None:
    """Anything else is 422 and says which types there are."""
    answer = await world.client.get(f"/api/v1/profiles{query}")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_parameter"
    assert "email" in answer.json()["detail"]


async def test_an_unclaimed_identifier_is_nobody(world: Any) -> None:
    """A void claim, and one whose documents are not written yet, are empty lists."""
    for value, leaf in (("u1", None), ("u2", "p-to-come")):
        key = world.hasher.identifier(Identifier("user_id", value))
        await world.store.insert(IDENTITIES, [(key, IdentityDoc(type="user_id", value=value, leaf=leaf))])
        assert (await world.get("/profiles", user_id=value))["items"] == []


async def test_every_id_of_a_merged_person_answers_with_the_root(world: Any) -> None:
    """Through several merges: identifiers, traits, consents and times are the whole tree's."""
    await world.person("p1", ("email", "lan@example.vn"), at=NOON - 3 * HOUR)
    await world.person("p2", ("anonymous_id", "anon-1"), at=NOON - 2 * HOUR)
    await world.person("p3", ("anonymous_id", "anon-2"), at=NOON - HOUR)
    said = {"type": "identify", "traits": {"title": "Director", "city": "Huế", "consent": {"email": True}}}
    await world.touch("p1", said, at=NOON - 3 * HOUR)
    await world.touch("p2", {"type": "page"}, at=NOON - 2 * HOUR)
    await world.touch("p3", {"type": "identify", "traits": {"title": "CEO"}}, at=NOON - HOUR)
    await world.merge("p3", "p2")
    await world.merge("p2", "p1")
    for pid in ("p1", "p2", "p3"):
        profile = await world.get(f"/profiles/{pid}")
        assert profile["profile_id"] == "p1"
        assert sorted(profile["merged_from"]) == ["p2", "p3"]
        assert {each["value"] for each in profile["identifiers"]} == {"lan@example.vn", "anon-1", "anon-2"}
        assert profile["traits"]["title"] == "CEO"
        assert profile["traits"]["city"] == "Huế"
        assert profile["consents"] == {"email": True}
        assert profile["first_seen"] == "2026-11-21T09:00:00.000Z"
        assert profile["last_seen"] == "2026-11-21T11:00:00.000Z"
    found = await world.get("/profiles", anonymous_id="anon-2")
    assert found["items"][0]["profile_id"] == "p1"


async def test_the_last_word_on_a_trait_is_by_event_time_then_message_id(world: Any) -> None:
    """Whichever member of the tree holds it."""
    await world.person("p1", ("user_id", "u1"))
    await world.person("p2", ("anonymous_id", "anon-1"))
    one = LeadDoc(version=1, traits={"title": Stated(5, "m1", "old"), "city": Stated(7, "m1", "Huế")})
    two = LeadDoc(version=1, traits={"title": Stated(5, "m2", "new"), "city": Stated(6, "m9", "Hà Nội")})
    await world.store.insert(LEADS, [("p1", one), ("p2", two)])
    await world.merge("p2", "p1", fold=False)
    assert (await world.get("/profiles/p1"))["traits"] == {"title": "new", "city": "Huế"}


async def test_a_profile_that_scoring_has_not_seen_is_there(world: Any) -> None:
    """Its times are when it was created, its lead a visitor without a score."""
    await world.person("p1", ("user_id", "u1"))
    profile = await world.get("/profiles/p1")
    assert profile["first_seen"] == profile["last_seen"] == "2026-11-21T11:00:00.000Z"
    assert profile["traits"] == profile["consents"] == {}
    lead = await world.get("/leads/p1")
    assert lead["stage"] == "visitor"
    assert lead["score"]["total"] == 0


async def test_a_lead_whose_profile_is_not_written_yet_is_a_lone_root(world: Any) -> None:
    """The two documents come by different hands, in either order."""
    await world.touch("p1", {"type": "page"})
    profile = await world.get("/profiles/p1")
    assert profile["profile_id"] == "p1"
    assert profile["identifiers"] == profile["merged_from"] == []


async def test_unknown_and_erased_profiles_are_404(world: Any) -> None:
    """Everywhere that a profile id stands in the path."""
    await world.person("p1", ("user_id", "u1"))
    [stored] = await world.store.get(PROFILES, ["p1"])
    await world.store.replace(PROFILES, [("p1", replace(stored.value, gone=NOON, ids={}), stored.rev)])
    for pid in ("p1", "nobody"):
        for path in (
            "/profiles/{}",
            "/profiles/{}/timeline",
            "/profiles/{}/export",
            "/leads/{}",
            "/leads/{}/explanation",
        ):
            assert (await world.refused(path.format(pid), 404))["code"] == "profile_not_found"


async def test_the_timeline_is_newest_first_over_all_members(world: Any) -> None:
    """Pages neither repeat nor lose an item where event times are equal."""
    await world.person("p1", ("user_id", "u1"))
    await world.person("p2", ("anonymous_id", "anon-1"))
    for number in range(5):
        await world.touch("p1", {"type": "track", "event": f"One {number}"}, at=NOON - HOUR + number // 2 * MINUTE)
        await world.touch("p2", {"type": "track", "event": f"Two {number}"}, at=NOON - HOUR + number // 2 * MINUTE)
    await world.merge("p2", "p1")
    whole = await world.get("/profiles/p2/timeline")
    assert len(whole["items"]) == 10
    assert [item["at"] for item in whole["items"]] == sorted((item["at"] for item in whole["items"]), reverse=True)
    paged, cursor, more = [], None, True
    while more:
        page = await world.get("/profiles/p1/timeline", limit=3, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 3
        paged += page["items"]
        cursor, more = page["next"], page["more"]
    assert paged == whole["items"]
    after = await world.get("/profiles/p1/timeline", cursor=cursor)
    assert after == {"items": [], "next": cursor, "more": False}


async def test_a_timeline_item_says_what_happened_and_where_it_came_from(world: Any) -> None:
    """Event, marketing source, properties, and both times."""
    context = {"campaign": {"source": "google", "medium": "cpc", "name": "spring"}}
    body = {
        "type": "track",
        "event": "Demo Requested",
        "properties": {"seats": 40},
        "context": context,
        "messageId": "m",
    }
    await world.touch("p1", body, at=NOON - HOUR, received_at=NOON, channel="web")
    [item] = (await world.get("/profiles/p1/timeline"))["items"]
    assert item == {
        "message_id": "m",
        "type": "track",
        "name": "Demo Requested",
        "at": "2026-11-21T11:00:00.000Z",
        "received_at": "2026-11-21T12:00:00.000Z",
        "source": {"name": "website", "channel": "google", "campaign": "spring", "medium": "cpc", "via": "web"},
        "properties": {"seats": 40},
    }


@pytest.mark.parametrize(
    ("body", "name", "properties"),
    [
        ({"type": "page", "name": "Pricing"}, "Pricing", {}),
        ({"type": "page", "context": {"page": {"path": "/Bang-Gia/"}}}, "/bang-gia", {}),
        ({"type": "identify", "traits": {"jobTitle": "CEO"}}, None, {"title": "CEO"}),
        ({"type": "track", "event": "X", "properties": "no object"}, "X", {}),
        ({"type": "track", "event": 7, "properties": {"a": [1, {"b": None}]}}, None, {"a": [1, {"b": None}]}),
    ],
)
async def test_a_timeline_item_has_the_name_and_properties_of_its_type(
    world: Any, body: dict[str, Any], name: str | None, properties: dict[str, Any]
) -> None:
    """Page names or paths, traits of identify calls; whatever was sent, the timeline can be read."""
    await world.touch("p1", body)
    [item] = (await world.get("/profiles/p1/timeline"))["items"]
    assert item["name"] == name
    assert item["properties"] == properties


async def test_marks_of_a_timeline_item_stand_only_where_they_are_true(world: Any) -> None:
    """Historical, bot and rejected."""
    await world.touch("p1", {"type": "page", "messageId": "h"}, historical=True)
    await world.touch("p1", {"type": "page", "messageId": "b"}, bot=True)
    await world.touch("p1", {"type": "page", "messageId": "r"})
    await world.change(TOUCHPOINTS, world.hasher.touchpoint("website", "r"), rejected=True)
    items = {item["message_id"]: item for item in (await world.get("/profiles/p1/timeline"))["items"]}
    marks = {name: {mark for mark in ("historical", "bot", "rejected") if mark in item} for name, item in items.items()}
    assert marks == {"h": {"historical"}, "b": {"bot"}, "r": {"rejected"}}


async def test_an_erased_touchpoint_leaves_the_timeline_and_pages_stay_full(world: Any) -> None:
    """A page is filled up from behind the erased ones, and `more` is true only where there is something."""
    for number in range(6):
        await world.touch("p1", {"type": "page", "messageId": f"m{number}"}, at=NOON - HOUR + number)
    for number in (0, 3, 4):
        await world.change(TOUCHPOINTS, world.hasher.touchpoint("website", f"m{number}"), gone=True, value=None)
    first = await world.get("/profiles/p1/timeline", limit=2)
    assert [item["message_id"] for item in first["items"]] == ["m5", "m2"]
    assert first["more"] is True
    second = await world.get("/profiles/p1/timeline", limit=2, cursor=first["next"])
    assert [item["message_id"] for item in second["items"]] == ["m1"]
    assert second["more"] is False


async def test_an_export_holds_everything(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profile, lead, merges and the timeline in full, as one JSON document, by any id of the person."""
    monkeypatch.setattr(export, "_CHUNK", 1)
    await world.person("p1", ("email", "lan@example.vn"))
    await world.person("p2", ("anonymous_id", "anon-1"))
    await world.person("p3", ("anonymous_id", "anon-2"))
    for number in range(1_100):
        await world.arrive_only("p1" if number % 2 else "p2", number)
    await world.merge("p2", "p1", fold=False)
    await world.merge("p3", "p1", fold=False)
    answer = await world.client.get("/api/v1/profiles/p2/export")
    assert answer.headers["content-type"] == "application/json"
    document = json.loads(answer.text)
    assert document["profile"]["profile_id"] == document["lead"]["profile_id"] == "p1"
    assert len({item["message_id"] for item in document["timeline"]}) == len(document["timeline"]) == 1_100
    assert [merge["loser"] for merge in document["merges"]] == ["p2", "p3"]
    assert document["exported_at"] == "2026-11-21T12:00:00.000Z"
