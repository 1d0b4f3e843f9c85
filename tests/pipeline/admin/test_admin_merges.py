"""Merges: the ledger of identity as people read it."""

from typing import Any

from leadflow.contracts.collections import MERGES
from leadflow.contracts.documents import MergeDoc
from leadflow.core.time import HOUR, from_rfc3339

NOON = from_rfc3339("2026-11-21T12:00:00Z")


async def test_a_merge_says_what_was_joined_and_why(world: Any) -> None:
    """By either profile's id, with the identifiers in clear."""
    await world.person("p1", ("email", "lan@example.vn"))
    await world.person("p2", ("anonymous_id", "anon-1"))
    await world.merge("p2", "p1", at=NOON)
    for pid in ("p1", "p2"):
        [merge] = (await world.get("/merges", profile_id=pid))["items"]
        assert merge == {
            "id": "p2.1",
            "winner": "p1",
            "loser": "p2",
            "at": "2026-11-21T12:00:00.000Z",
            "cause": {"message_id": "m-merge"},
            "identifiers": [{"type": "anonymous_id", "value": "anon-1"}],
            "state": "merged",
            "reason": None,
        }


async def test_the_merges_of_a_person_are_those_of_the_whole_tree(world: Any) -> None:
    """Oldest first, or newest first when asked; others' merges are not among them."""
    for pid in ("p1", "p2", "p3", "q1", "q2"):
        await world.person(pid, ("anonymous_id", pid))
    await world.merge("p3", "p2", at=NOON - 2 * HOUR)
    await world.merge("p2", "p1", at=NOON - HOUR)
    await world.merge("q2", "q1", at=NOON)
    for pid in ("p1", "p2", "p3"):
        assert [merge["loser"] for merge in (await world.get("/merges", profile_id=pid))["items"]] == ["p3", "p2"]
    newest = await world.get("/merges", profile_id="p1", sort="-at")
    assert [merge["loser"] for merge in newest["items"]] == ["p2", "p3"]
    assert [merge["loser"] for merge in (await world.get("/merges"))["items"]] == ["p3", "p2", "q2"]


async def test_a_refused_merge_names_its_reason(world: Any) -> None:
    """The identifier that was dropped may belong to nobody yet, or have been erased."""
    refusal = MergeDoc(
        winner="p1",
        loser="",
        at=NOON,
        message_id="m1",
        identifiers=("email:erased",),
        state="refused",
        reason="more than 5 e-mails",
    )
    await world.store.insert(MERGES, [("t.email", refusal)])
    [merge] = (await world.get("/merges", profile_id="p1"))["items"]
    assert (merge["state"], merge["loser"], merge["reason"]) == ("refused", None, "more than 5 e-mails")
    assert merge["identifiers"] == [{"type": "email", "value": None}]
    other = MergeDoc(winner="p1", loser="q1", at=NOON, message_id="m2", identifiers=(), state="refused", reason="limit")
    await world.store.insert(MERGES, [("t.phone", other)])
    assert [merge["id"] for merge in (await world.get("/merges", profile_id="q1"))["items"]] == ["t.phone"]


async def test_nobody_has_no_merges(world: Any) -> None:
    """An empty list, whose cursor can be polled."""
    answer = await world.get("/merges", profile_id="nobody")
    assert (answer["items"], answer["more"]) == ([], False)


async def test_polling_the_ledger_shows_each_merge_once(world: Any) -> None:
    """`next` of a page, full or empty, goes on behind it."""
    start = (await world.get("/merges"))["next"]
    for number in range(5):
        entry = MergeDoc(winner="a", loser="b", at=NOON, message_id="m", identifiers=(), state="merged")
        await world.store.insert(MERGES, [(f"m{number}", entry)])
    seen, cursor, more = [], start, True
    while more:
        page = await world.get("/merges", limit=2, cursor=cursor)
        seen += [merge["id"] for merge in page["items"]]
        cursor, more = page["next"], page["more"]
    assert seen == [f"m{number}" for number in range(5)]
    later = MergeDoc(winner="a", loser="b", at=NOON + 1, message_id="m", identifiers=(), state="merged")
    await world.store.insert(MERGES, [("m9", later)])
    assert [merge["id"] for merge in (await world.get("/merges", cursor=cursor))["items"]] == ["m9"]
