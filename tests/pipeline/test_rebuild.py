"""`leadflow replay`: leads counted anew from their timeline, beside the live ones, and swapped where they differ."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pipeline.in_memory import MODEL, NOW, Pipeline, touchpoint
from pipeline.test_order import facts, touchpoints_of

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, REBUILT
from leadflow.contracts.documents import LeadDoc
from leadflow.core.scoring.tally import EMPTY
from leadflow.core.time import HOUR
from leadflow.pipeline.replay import rebuild
from leadflow.pipeline.replay.rebuild import Finding, compare
from leadflow.pipeline.scoring import orders

PRICING = {"context": {"page": {"path": "/pricing"}}}


async def findings(pipeline: Pipeline) -> dict[str, Finding]:
    """Which leads are not what their timeline says."""
    return {pid: finding async for pid, finding in compare(pipeline.store, MODEL) if finding is not None}


async def rebuilt(pipeline: Pipeline, *, settle: bool = True) -> list[str]:
    """Rebuild what differs, and let the owners take it over."""
    found = await findings(pipeline)
    for finding in found.values():
        await rebuild.lay_down(pipeline.store, finding)
    await rebuild.order(pipeline.log, found)
    if settle:
        await pipeline.settle()
    return sorted(found)


async def filled() -> Pipeline:
    """A lead of two devices that became an MQL, and a stranger."""
    pipeline = Pipeline(marks=1)
    for number, device in enumerate(("a1", "a2")):
        await pipeline.send(
            [touchpoint(f"p{number}", type="page", at=NOW + number, body={"anonymousId": device, **PRICING})]
        )
        await pipeline.settle()
        body = {"anonymousId": device, "event": "Demo Requested", "traits": {"email": "lan@acme.test", "title": "CEO"}}
        await pipeline.send([touchpoint(f"d{number}", at=NOW + number, body=body)])
        await pipeline.settle()
    await pipeline.send([touchpoint("v", type="page", body={"anonymousId": "a9", **PRICING})])
    await pipeline.settle()
    return pipeline


async def leads(pipeline: Pipeline) -> dict[str, LeadDoc]:
    """All leads by profile id."""
    return {stored.key: stored.value for stored in await pipeline.store.find(LEADS, limit=1_000)}


def lasting(lead: LeadDoc) -> LeadDoc:
    """A lead without what counts its writes."""
    return replace(lead, version=0, pos=0, outbox=(), children={}, score=LeadDoc().score)


async def change(pipeline: Pipeline, pid: str, **fields: Any) -> None:
    """Corrupt a lead, as a defect or a disk might."""
    (stored,) = await pipeline.store.get(LEADS, [pid])
    assert stored is not None
    assert all(await pipeline.store.replace(LEADS, [(pid, replace(stored.value, **fields), stored.rev)]))


@given(drawn=st.lists(facts, min_size=1, max_size=12), seed=st.integers(0, 1_000), batch=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
async def test_rebuilt_leads_equal_live_ones(drawn: Any, seed: int, batch: int) -> None:
    """Whatever was sent in whatever order, twice or merged: the timeline says what the leads say, bit for bit."""
    pipeline = Pipeline(seed=seed, marks=1)
    told = touchpoints_of(drawn)
    for item in (*told, *told[::2]):
        await pipeline.send([item], keys=("x", "y"))
        if seed % 2:
            await pipeline.settle(batch)
    await pipeline.settle(batch)
    assert await findings(pipeline) == {}


@pytest.mark.parametrize(
    ("corrupted", "what"),
    [
        ({"own": EMPTY}, "counts"),
        ({"traits": {}}, "traits"),
        ({"last_seen": 1}, "first or last seen"),
        ({"total": 1, "stage": "customer"}, "published score"),
    ],
)
async def test_a_corrupted_lead_is_repaired(corrupted: dict[str, Any], what: str) -> None:
    """Its counts and what is published of it come back; its decisions stand, and none is published again."""
    pipeline = await filled()
    before, changes = await leads(pipeline), await pipeline.changes()
    for pid in before:
        await change(pipeline, pid, **corrupted)
    found = await findings(pipeline)
    assert any(what in finding.differs for finding in found.values())
    await rebuilt(pipeline)
    after = await leads(pipeline)
    assert {pid: lasting(lead) for pid, lead in after.items()} == {pid: lasting(lead) for pid, lead in before.items()}
    assert await pipeline.changes() == changes
    assert await findings(pipeline) == {}
    scores = {record.key: record.value for record in await pipeline.records(topics.LEAD_SCORES)}
    for pid, lead in after.items():
        assert scores[pid] == (bytes(lead.score) if lead.parent is None else None)


async def test_a_parent_that_has_a_child_wrong_is_told_again() -> None:
    """The child publishes its value once more; it is newer than what its parent believes."""
    pipeline = await filled()
    root = await pipeline.root_of("email", "lan@acme.test") or ""
    before = await pipeline.lead_of("email", "lan@acme.test")
    wrong = {child: replace(entry, value=EMPTY) for child, entry in before.children.items()}
    assert wrong
    await change(pipeline, root, children=wrong)
    assert {finding.differs for finding in (await findings(pipeline)).values()} >= {("what its parent knows",)}
    await rebuilt(pipeline)
    await rebuilt(pipeline)  # the root's own score was of what it believed then
    after = await pipeline.lead_of("email", "lan@acme.test")
    assert {c: e.value for c, e in after.children.items()} == {c: e.value for c, e in before.children.items()}
    assert await findings(pipeline) == {}


async def test_what_arrives_meanwhile_is_not_lost() -> None:
    """An owner whose lead has moved since it was counted counts again, up to where the lead is now."""
    pipeline = await filled()
    pid = await pipeline.root_of("anonymous_id", "a9") or ""
    await change(pipeline, pid, own=EMPTY)
    found = (await findings(pipeline))[pid]
    await rebuild.lay_down(pipeline.store, found)
    await pipeline.send([touchpoint("v2", at=NOW + HOUR, type="page", body={"anonymousId": "a9", **PRICING})])
    await pipeline.settle()
    await rebuild.order(pipeline.log, [pid])
    await pipeline.settle()
    assert sum((await leads(pipeline))[pid].own.counts["pricing_page"].values()) == 2
    assert await findings(pipeline) == {}


async def test_a_replay_may_die_and_run_again() -> None:
    """Orders without anything laid down, doubled, or for leads that are well again do no harm."""
    pipeline = await filled()
    before = await leads(pipeline)
    for pid in before:
        await change(pipeline, pid, own=EMPTY)
    await rebuilt(pipeline, settle=False)
    await rebuild.clear(pipeline.store)  # killed, and begun anew
    await rebuilt(pipeline, settle=False)
    await rebuilt(pipeline)
    assert {pid: lasting(lead) for pid, lead in (await leads(pipeline)).items()} == {
        pid: lasting(lead) for pid, lead in before.items()
    }
    await rebuild.clear(pipeline.store)
    assert await pipeline.store.find(REBUILT) == []


async def test_a_replay_may_decide_what_was_never_decided() -> None:
    """A lead that its corruption has held back moves on, with the trigger `replay` and the next number."""
    pipeline = await filled()
    pid = await pipeline.root_of("anonymous_id", "a9") or ""
    body = {"anonymousId": "a9", "event": "Order Completed"}
    await pipeline.send([touchpoint("order", at=NOW + HOUR, body=body)])
    await pipeline.settle()
    (bought,) = [change for change in await pipeline.changes() if change["profile_id"] == pid]
    assert bought["to"] == "customer"
    (stored,) = await pipeline.store.get(LEADS, [pid])
    assert stored is not None
    await change(pipeline, pid, own=EMPTY, standing=replace(stored.value.standing, stage="lead"))
    await rebuilt(pipeline)
    *_, last = [change for change in await pipeline.changes() if change["profile_id"] == pid]
    assert (last["to"], last["sequence"], last["trigger"]["rule"]) == ("customer", 2, "replay")


async def test_owners_are_told_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """No record names more leads than one commit may emit."""
    pipeline = Pipeline(partitions=1)
    monkeypatch.setattr(rebuild, "_AT_ONCE", 3)
    ends = await rebuild.order(pipeline.log, [f"{number:024x}" for number in range(10)])
    assert ends == {0: 4}
    assert await rebuild.left(pipeline.log, "test", ends) == 4
    await pipeline.settle()
    assert await rebuild.left(pipeline.log, "test", ends) == 0


async def test_a_lead_that_cannot_be_counted_is_named(poison: None) -> None:
    """It is left as it is; the others are rebuilt."""
    del poison
    pipeline = await filled()
    (stored, *_) = await pipeline.store.find(LEADS)

    async def fails(*_: Any) -> Any:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as defect:
        defect.setattr(rebuild, "recount", fails)
        found = await findings(pipeline)
    assert found[stored.key].rebuilt is None
    assert found[stored.key].differs[0].startswith("cannot be counted: ZeroDivisionError")


async def test_an_order_that_fails_parks_its_lead_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is a control record, too."""
    pipeline = await filled()
    pid = await pipeline.root_of("anonymous_id", "a9") or ""
    sound = orders.recounted

    def fails(*given: Any) -> LeadDoc:
        if given[3].profile_id == pid:
            raise ZeroDivisionError
        return sound(*given)

    for key in await leads(pipeline):
        await change(pipeline, key, own=EMPTY)
    monkeypatch.setattr(orders, "recounted", fails)
    await rebuilt(pipeline)
    after = await leads(pipeline)
    assert [key for key, lead in after.items() if lead.parked] == [pid]
    assert [key for key, lead in after.items() if not lead.own.counts] == [pid]
