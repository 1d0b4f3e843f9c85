"""People who turn out to be one."""

from collections.abc import Callable
from typing import Any

from e2e.api import Api, Json

Unique = Callable[[str], str]


def visit(api: Api, message_id: str, **fields: Any) -> str:
    """Send one event, wait until it is counted, and return its profile."""
    api.send({"type": "track", "event": "Search", **fields, "messageId": message_id})
    [receipt] = api.scored([message_id])
    return str(receipt["profile_id"])


def by_rule(api: Api, profile_id: str) -> dict[str, Json]:
    """Return the shares of a lead's score by rule."""
    return {share["rule"]: share for share in api.get(f"/leads/{profile_id}/explanation")["contributions"]}


def test_the_older_profile_takes_the_further_stage(api: Api, unique: Unique) -> None:
    """A stranger who turns out to be a known MQL: counts add up, one change with trigger `merge`, old ids answer."""
    email, device = f"{unique('one')}@mail.example", unique("device")
    older = visit(api, unique("search"), anonymousId=device)
    demo = {"event": "Demo Requested", "properties": {"email": email}}
    younger = visit(api, unique("demo"), anonymousId=unique("other device"), **demo)
    assert older != younger

    identified = unique("identify")
    together = visit(api, identified, type="identify", anonymousId=device, traits={"email": email})
    assert together == older
    lead = api.get(f"/leads/{older}")
    assert (lead["profile_id"], lead["stage"], lead["sequence"]) == (older, "mql", 1)
    [change] = api.changes(older)
    assert (change["from"], change["to"], change["trigger"]["rule"]) == ("visitor", "mql", "merge")
    assert [one["to"] for one in api.changes(younger)] == ["lead", "mql"]
    shares = by_rule(api, older)
    assert (shares["search"]["count"], shares["hand_raise"]["count"]) == (1, 1)

    assert api.get(f"/profiles/{younger}")["profile_id"] == older
    assert api.get(f"/profiles/{older}")["merged_from"] == [younger]
    [merge] = api.every("/merges", profile_id=younger)
    assert (merge["winner"], merge["loser"], merge["state"]) == (older, younger, "merged")
    assert merge["cause"]["message_id"] == identified
    listed = {one["profile_id"] for one in api.every("/leads")}
    assert older in listed
    assert younger not in listed


def test_an_action_on_a_merged_id_acts_on_the_person(api: Api, unique: Unique) -> None:
    """Sales may still hold the id of before the merge."""
    email, device = f"{unique('two')}@mail.example", unique("device")
    older = visit(api, unique("search"), anonymousId=device)
    demo = {"event": "Demo Requested", "properties": {"email": email}}
    younger = visit(api, unique("demo"), anonymousId=unique("other device"), **demo)
    visit(api, unique("identify"), type="identify", anonymousId=device, traits={"email": email})
    lead = api.acted(younger, {"type": "accept"})["lead"]
    assert (lead["profile_id"], lead["stage"], lead["sequence"]) == (older, "sql", 2)


def test_two_user_ids_never_merge(api: Api, unique: Unique) -> None:
    """Two accounts that share an e-mail stay two people; the refusal is in the ledger with its reason."""
    email = f"{unique('family')}@mail.example"
    first = visit(api, unique("first"), type="identify", userId=unique("user one"), traits={"email": email})
    second = visit(api, unique("second"), type="identify", userId=unique("user two"), traits={"email": email})
    assert first != second
    assert api.profile_id(email=email) == first
    [refusal] = api.every("/merges", profile_id=second)
    assert refusal["state"] == "refused"
    assert refusal["reason"]
    assert refusal["cause"]["message_id"] == unique("second")


def test_blocked_values_identify_nobody(api: Api, unique: Unique) -> None:
    """Values such as `null` or a row of zeros are shared by strangers: they join no two people."""
    first = visit(api, unique("first"), userId="undefined", anonymousId=unique("one"))
    second = visit(api, unique("second"), userId="undefined", anonymousId=unique("two"))
    assert first != second
    assert api.profile_id(user_id="undefined") is None
