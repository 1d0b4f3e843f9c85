"""What sales does with a lead, and what it may not do."""

from collections.abc import Callable

import pytest
from e2e.api import Api, Json

Unique = Callable[[str], str]
FACTS = ("budget", "authority", "need", "timing")


@pytest.fixture
def mql(api: Api, unique: Unique) -> str:
    """Return the profile of a lead that marketing has qualified."""
    message_id, email = unique("demo"), f"{unique('lead')}@mail.example"
    demo = {"type": "track", "event": "Demo Requested", "anonymousId": unique("device"), "properties": {"email": email}}
    api.send({**demo, "messageId": message_id})
    [receipt] = api.scored([message_id])
    return str(receipt["profile_id"])


def stages(api: Api, profile_id: str) -> list[str]:
    """Return the stages that a lead has come to, in order, its sequence having no hole."""
    changes = api.changes(profile_id)
    assert [change["sequence"] for change in changes] == list(range(1, len(changes) + 1))
    return [change["to"] for change in changes]


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([{fact: {"met": True} for fact in FACTS}], id="together"),
        pytest.param([{fact: {"value": "yes", "evidence": "call"}} for fact in FACTS], id="one by one"),
        pytest.param(
            [{"budget": {"met": False}, "need": {}}, {"authority": {}, "timing": {}}, {"budget": {"met": True}}],
            id="corrected",
        ),
    ],
)
def test_bant(api: Api, mql: str, calls: list[Json]) -> None:
    """All four facts, however they come, make an opportunity; three do not."""
    api.acted(mql, {"type": "accept"})
    taken = [api.acted(mql, {"type": "bant", **call}) for call in calls]
    assert [one["lead"]["stage"] for one in taken] == ["sql"] * (len(calls) - 1) + ["opportunity"]
    assert stages(api, mql) == ["lead", "mql", "sql", "opportunity"]
    assert api.changes(mql)[-1]["trigger"]["message_id"] == taken[-1]["message_id"]


def test_illegal_actions(api: Api, mql: str) -> None:
    """What the stage does not allow is refused with what it allows, and changes nothing."""
    for action in ("won", "lost", "reopen"):
        answer = api.act(mql, {"type": action, "actor": "minh"})
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert {"contact", "accept", "reject", "disqualify", "assign", "consent", "override"} == set(
            answer.json()["allowed"]
        )
    assert stages(api, mql) == ["lead", "mql"]


def test_unknown_profile(api: Api, unique: Unique) -> None:
    """Nobody can act on a profile that is not there."""
    assert api.act(unique("nobody"), {"type": "contact"}).status_code == 404


@pytest.mark.parametrize("action", [{"type": "promote"}, {}, {"type": "bant"}, {"type": "accept", "colour": "red"}])
def test_unreadable_actions(api: Api, mql: str, action: Json) -> None:
    """An action that is none is refused with the parameter that is wrong."""
    answer = api.act(mql, action)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_idempotency_key(api: Api, mql: str, unique: Unique) -> None:
    """The same key acts once, also when the stage has moved on; another action under it is refused."""
    key = unique("key")
    first = api.act(mql, {"type": "accept", "actor": "minh"}, key)
    again = api.act(mql, {"type": "accept", "actor": "minh"}, key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["message_id"] == again.json()["message_id"]
    assert api.act(mql, {"type": "reject", "actor": "minh"}, key).status_code == 422
    assert stages(api, mql) == ["lead", "mql", "sql"]
    actions = [item for item in api.timeline(mql) if item["type"] == "action"]
    assert len(actions) == 1


def test_won_and_lost(api: Api, mql: str) -> None:
    """A sale is won from sql: the lead is a customer, with no further way to go."""
    api.acted(mql, {"type": "accept"})
    lead = api.acted(mql, {"type": "won", "revenue": 20_000})["lead"]
    assert (lead["stage"], lead["sequence"]) == ("customer", 4)
    assert stages(api, mql) == ["lead", "mql", "sql", "customer"]


def test_reject_and_reopen(api: Api, mql: str) -> None:
    """A rejected lead is recycled; reopened, it is a lead and not at once an MQL by the old demo request again."""
    assert api.acted(mql, {"type": "reject", "reason": "no budget this year"})["lead"]["stage"] == "recycled"
    assert api.acted(mql, {"type": "reopen"})["lead"]["stage"] == "lead"
    assert stages(api, mql) == ["lead", "mql", "recycled", "lead"]


def test_a_new_demo_request_makes_it_an_mql_again(api: Api, mql: str, unique: Unique) -> None:
    """A new entry needs a touchpoint newer than the last exit."""
    api.acted(mql, {"type": "reject"})
    api.acted(mql, {"type": "reopen"})
    again = unique("again")
    demo = {"type": "track", "event": "Demo Requested", "anonymousId": unique("device"), "messageId": again}
    api.send(demo)
    api.scored([again])
    assert stages(api, mql) == ["lead", "mql", "recycled", "lead", "mql"]


def test_owner_consent_and_contact(api: Api, mql: str) -> None:
    """Actions that move no stage are kept: who owns the lead, what the person allows, that somebody spoke to them."""
    api.acted(mql, {"type": "assign", "owner": "minh"})
    api.acted(mql, {"type": "consent", "channel": "email", "granted": True, "source": "call"})
    lead = api.acted(mql, {"type": "contact", "channel": "phone", "outcome": "conversation"})["lead"]
    assert (lead["owner"], lead["stage"]) == ("minh", "mql")
    assert api.get(f"/profiles/{mql}")["consents"] == {"email": True}
    assert [one["profile_id"] for one in api.every("/leads", owner="minh") if one["profile_id"] == mql] == [mql]


def test_override(api: Api, mql: str) -> None:
    """A stage set by hand stands, and what the system would have done is kept."""
    lead = api.acted(mql, {"type": "override", "stage": "opportunity", "reason": "met at the fair"})["lead"]
    assert lead["stage"] == "opportunity"
    assert lead["override"]["system"] == "mql"
    assert stages(api, mql) == ["lead", "mql", "opportunity"]
