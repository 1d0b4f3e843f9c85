"""What stands still is shown, and let go on request."""

from typing import Any

import msgspec
from msgspec.structs import replace

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, PARKED
from leadflow.contracts.documents import Parked, ParkedDoc
from leadflow.contracts.resolved import Release
from leadflow.core.time import from_rfc3339
from leadflow.pipeline.scoring.parking import for_lead

NOON = from_rfc3339("2026-11-21T12:00:00Z")


async def park(world: Any, pid: str, position: int) -> None:
    """A lead that was stopped by a record at a position, with another one behind it."""
    [stored] = await world.store.get(LEADS, [pid])
    parked = Parked(position=position, since=NOON, reason="KeyError in _link (lead.py:7)")
    await world.store.replace(LEADS, [(pid, replace(stored.value, parked=parked), stored.rev)])
    waiting = [for_lead(pid, 0, at, Release(to=pid), NOON) for at in (position, position + 3)]
    await world.store.insert(PARKED, waiting)


async def test_a_parked_lead_says_since_when_and_why(world: Any) -> None:
    """Alone, in lists, and where only a member of the person stands still."""
    for pid in ("p1", "p2", "p3"):
        await world.person(pid, ("anonymous_id", pid))
        await world.touch(pid, {"type": "track", "event": "Search"})
    await world.merge("p2", "p1", at=NOON)
    assert (await world.get("/leads/p1"))["parked"] is None
    await park(world, "p2", 7)
    parked = {"profile_id": "p2", "since": "2026-11-21T12:00:00.000Z", "reason": "KeyError in _link (lead.py:7)"}
    assert (await world.get("/leads/p1"))["parked"] == parked
    shown = {item["profile_id"]: item["parked"] for item in (await world.get("/leads"))["items"]}
    assert shown == {"p1": parked, "p3": None}


async def test_everything_that_stands_still_is_listed(world: Any) -> None:
    """Leads and commands, page by page; what a zombie left of a lead that goes on is not."""
    assert (await world.get("/parked"))["items"] == []
    for pid in ("p1", "p2"):
        await world.person(pid, ("anonymous_id", pid))
        await world.touch(pid, {"type": "track", "event": "Search"})
    await park(world, "p1", 7)
    left = for_lead("p2", 0, 3, Release(to="p2"), NOON)
    command = ParkedDoc(
        topic="identity", partition=0, position=5, key="w", value=msgspec.Raw(b"{}"), since=NOON, reason="unreadable"
    )
    await world.store.insert(PARKED, [left, ("identity.0.5", command)])
    first = await world.get("/parked", limit=1)
    second = await world.get("/parked", limit=1, cursor=first["next"])
    items = [*first["items"], *second["items"]]
    assert [(item["kind"], item["profile_id"], item["position"], item["waiting"]) for item in items] == [
        ("command", None, 5, 1),
        ("lead", "p1", 7, 2),
    ]
    assert (first["more"], second["more"]) == (True, False)


async def test_a_release_is_an_order_to_the_owner(world: Any) -> None:
    """For every member that stands still; who is well gives 409."""
    await world.person("p1", ("anonymous_id", "p1"))
    await world.touch("p1", {"type": "track", "event": "Search"})
    answer = await world.client.post("/api/v1/leads/p1/release")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_parked")
    await park(world, "p1", 7)
    answer = await world.client.post("/api/v1/leads/p1/release")
    assert (answer.status_code, answer.json()) == (202, {"released": ["p1"]})
    partition = world.log.partition_for(topics.RESOLVED, "p1")
    *_, order = await world.log.read(topics.RESOLVED, partition, 0, 100)
    assert msgspec.json.decode(order.value, type=Release) == Release(to="p1")
