"""Receipts: what became of each touchpoint."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, REJECTIONS, TOUCHPOINTS
from leadflow.contracts.documents import LeadDoc, RejectionDoc
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.time import from_rfc3339
from leadflow.ports import Emit
from leadflow_admin_api.pending import pending_in

NOON = from_rfc3339("2026-11-21T12:00:00Z")


async def arrived(world: Any, message_id: str, source: str = "website", pid: str = "p1") -> str:
    """A touchpoint that the processor has stored, and the key of its document."""
    touchpoint = Touchpoint(
        message_id=message_id, source=source, type="page", at=NOON, received_at=NOON, body=msgspec.Raw(b"{}")
    )
    position = world.positions[pid] = world.positions.get(pid, -1) + 1
    await world.arrive(pid, touchpoint, position)
    key: str = world.hasher.touchpoint(source, message_id)
    return key


async def in_log(world: Any, *message_ids: str, source: str = "website") -> None:
    """Touchpoints that nobody has read yet."""
    await world.log.append(
        [
            Emit(
                topic=topics.TOUCHPOINTS,
                key=message_id,
                value=msgspec.json.encode(
                    Touchpoint(
                        message_id=message_id,
                        source=source,
                        type="page",
                        at=1,
                        received_at=NOON,
                        body=msgspec.Raw(b"{}"),
                    )
                ),
            )
            for message_id in message_ids
        ]
    )


async def rejected(world: Any, message_id: str, source: str = "website") -> None:
    """The receipt of a refusal."""
    refusal = RejectionDoc(
        source=source, message_id=message_id, hop="observer", code="missing_id", reason="userId is empty", at=NOON
    )
    await world.store.insert(REJECTIONS, [(world.hasher.touchpoint(source, message_id), refusal)])


async def test_a_receipt_follows_its_touchpoint(world: Any) -> None:
    """Accepted while identity decides, resolved once it has a profile, scored once its lead has counted it."""
    key = await arrived(world, "m1")
    await world.change(TOUCHPOINTS, key, addr=None, src=None, via="id")
    assert await world.get("/receipts/m1") == {
        "message_id": "m1",
        "source": "website",
        "status": "accepted",
        "profile_id": None,
        "reason": None,
        "at": "2026-11-21T12:00:00.000Z",
    }
    await world.change(TOUCHPOINTS, key, addr="p1", src=("identity", 7))
    receipt = await world.get("/receipts/m1")
    assert (receipt["status"], receipt["profile_id"]) == ("resolved", "p1")
    await world.store.insert(LEADS, [("p1", LeadDoc(version=1, marks={"identity": 6, "t0": 9}))])
    assert (await world.get("/receipts/m1"))["status"] == "resolved"
    await world.change(LEADS, "p1", marks={"identity": 7})
    assert (await world.get("/receipts/m1"))["status"] == "scored"


async def test_a_receipt_names_the_root(world: Any) -> None:
    """Also for a touchpoint that counts at a profile that was merged."""
    await world.person("p0", ("user_id", "u1"))
    await world.person("p1", ("anonymous_id", "a1"))
    await world.touch("p1", {"type": "page", "messageId": "m1"})
    await world.merge("p1", "p0")
    receipt = await world.get("/receipts/m1")
    assert (receipt["status"], receipt["profile_id"]) == ("scored", "p0")


async def test_a_rejection_says_why(world: Any) -> None:
    """Refused at the door, or put aside by scoring."""
    await rejected(world, "m1")
    receipt = await world.get("/receipts/m1")
    assert (receipt["status"], receipt["reason"]) == ("rejected", "missing_id: userId is empty")
    key = await arrived(world, "m2")
    await world.change(TOUCHPOINTS, key, rejected=True, reason="poison")
    receipt = await world.get("/receipts/m2")
    assert (receipt["status"], receipt["reason"]) == ("rejected", "poison")


async def test_a_refused_duplicate_does_not_replace_a_status(world: Any) -> None:
    """Nor does a message that was refused first and accepted when it came again stay rejected."""
    await arrived(world, "m1")
    await rejected(world, "m1")
    assert (await world.get("/receipts/m1"))["status"] == "resolved"


async def test_what_was_erased_keeps_a_receipt_without_a_person(world: Any) -> None:
    """The id was accepted once; whose it was is forgotten."""
    key = await arrived(world, "m1")
    await world.change(TOUCHPOINTS, key, gone=True, value=None)
    receipt = await world.get("/receipts/m1")
    assert (receipt["profile_id"], receipt["reason"]) == (None, "erased")


@pytest.mark.parametrize("message_id", ["nothing", "a/b", "%20", "ÿ", "x" * 500])
async def test_an_unknown_message_is_404(world: Any, message_id: str) -> None:
    """Whatever it is called."""
    answer = await world.client.get(f"/api/v1/receipts/{message_id}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "receipt_not_found"


@pytest.mark.parametrize("message_id", ["a/b/c", "order #7?", "đơn-7", 'quo"te'])
async def test_any_message_id_can_be_asked_for(world: Any, message_id: str) -> None:
    """Escaped as addresses are."""
    await arrived(world, message_id)
    answer = await world.client.get(f"/api/v1/receipts/{quote(message_id, safe='')}")
    assert answer.status_code == 200
    assert answer.json()["message_id"] == message_id


async def test_an_id_of_several_sources_is_ambiguous(world: Any) -> None:
    """409 names the sources; ?source= picks one, and one that never sent it is 404."""
    await arrived(world, "m1", "website")
    await arrived(world, "m1", "shop", pid="p2")
    problem = await world.refused("/receipts/m1", 409)
    assert (problem["code"], problem["sources"]) == ("ambiguous_source", ["shop", "website"])
    assert (await world.get("/receipts/m1", source="shop"))["profile_id"] == "p2"
    assert (await world.refused("/receipts/m1", 404, source="admin"))["code"] == "receipt_not_found"


async def test_what_lies_in_the_log_is_accepted_at_once(world: Any) -> None:
    """Embedded, a receipt is there before the processor has read the touchpoint; what it has read is not looked for."""
    use_pending(world)
    await in_log(world, "m1", 'quo"te', "đơn-7")
    receipt = await world.get("/receipts/m1")
    assert (receipt["status"], receipt["at"], receipt["source"]) == ("accepted", "2026-11-21T12:00:00.000Z", "website")
    assert (await world.get('/receipts/quo"te'))["status"] == "accepted"
    assert (await world.get("/receipts/đơn-7"))["status"] == "accepted"
    await world.refused("/receipts/m", 404)
    await world.refused("/receipts/m1", 404, source="shop")
    async with world.log.consume("processor", topics.TOUCHPOINTS) as assignments:
        async for assignment in assignments:
            await assignment.commit((await world.log.bounds(topics.TOUCHPOINTS))[assignment.partition][1], [])
    await world.refused("/receipts/m1", 404)


async def test_a_pending_id_of_several_sources_is_ambiguous_too(world: Any) -> None:
    """The log is as much a place as the store."""
    use_pending(world)
    await in_log(world, "m1")
    await in_log(world, "m1", source="shop")
    assert (await world.refused("/receipts/m1", 409))["sources"] == ["shop", "website"]


async def test_a_touchpoint_processed_between_two_looks_is_found(world: Any) -> None:
    """Neither in the store at first nor in the log a moment later: it is in the store by then."""

    async def processed_meanwhile(source: str, message_id: str) -> int | None:
        if source == "website":
            await arrived(world, message_id)
        return None

    world.app.state.context = replace(
        world.app.state.context, settings=replace(world.settings, pending=processed_meanwhile)
    )
    assert (await world.get("/receipts/m1"))["status"] == "resolved"


def use_pending(world: Any) -> None:
    """Let the API look into the log, as the embedded run does."""
    known = replace(world.settings, pending=pending_in(world.log, "processor"))
    world.app.state.context = replace(world.app.state.context, settings=known)
