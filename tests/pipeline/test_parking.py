"""A control record is never put aside: the lead that it stops waits, in order, and everybody else goes on."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pipeline.in_memory import NOW, Pipeline, touchpoint

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, PARKED
from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.resolved import Link
from leadflow.core.time import HOUR
from leadflow.pipeline.replay.parked import parked_commands, parked_leads, release_leads, resend_commands
from leadflow.pipeline.scoring import lead, orders, scorer
from leadflow.ports import Emit

PRICING = {"context": {"page": {"path": "/pricing"}}}


def a_defect(*_: Any) -> LeadDoc:
    """What a bad deploy does to one kind of record."""
    raise ZeroDivisionError("lan@acme.test is quoted here")


async def told(pipeline: Pipeline, between: Callable[[], None] = lambda: None) -> None:
    """Two devices turn out to be one person's, who goes on; a stranger comes by."""
    for number, device in enumerate(("a1", "a2")):
        body = {"anonymousId": device, **PRICING}
        await pipeline.send([touchpoint(f"p{number}", type="page", at=NOW + number, body=body)])
        await pipeline.settle()
    await pipeline.send(
        [touchpoint("m1", type="identify", body={"anonymousId": "a1", "traits": {"email": "lan@acme.test"}})]
    )
    await pipeline.settle()
    body = {"anonymousId": "a2", "event": "Demo Requested", "properties": {"email": "lan@acme.test"}}
    await pipeline.send([touchpoint("m2", at=NOW + HOUR, body=body)])
    await pipeline.settle()
    between()
    for number in range(3):
        at = NOW + (number + 2) * HOUR
        await pipeline.send([touchpoint(f"m{number + 3}", at=at, type="page", body={"anonymousId": "a2", **PRICING})])
        await pipeline.send([touchpoint(f"s{number}", at=at, type="page", body={"anonymousId": "a9", **PRICING})])
        await pipeline.settle(batch=2)


async def leads_of(pipeline: Pipeline) -> dict[str, Any]:
    """What has to be equal with and without the stop; versions and instants of decisions aside."""
    return {
        stored.key: (lead.value_of(stored.value), stored.value.traits, stored.value.standing, stored.value.parent)
        for stored in await pipeline.store.find(LEADS, limit=100)
    }


async def released(pipeline: Pipeline) -> list[str]:
    """Tell all parked leads to go on."""
    pids = [pid async for pid in release_leads(pipeline.log, pipeline.store)]
    await pipeline.settle()
    return pids


async def test_a_lead_that_a_link_stops_waits_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes for it waits in order; released with repaired code it is as if nothing had been wrong."""
    pipeline, expected = Pipeline(marks=1), Pipeline()
    await told(expected)
    with monkeypatch.context() as defect:
        defect.setattr(lead, "_link", a_defect)
        await told(pipeline)
        (parked,) = await parked_leads(pipeline.store)
        assert parked.waiting == 4  # the link, and three pages behind it
        assert parked.parked.reason.startswith("ZeroDivisionError in a_defect (test_parking.py:")
        assert (await pipeline.lead_of("anonymous_id", "a9")).version == 3
        assert await pipeline.rejected() == []
        assert await released(pipeline) == [parked.profile_id]  # nothing was repaired: it stops again, where it stood
        (again,) = await parked_leads(pipeline.store)
        assert (again.parked.position, again.waiting) == (parked.parked.position, 4)
    assert await released(pipeline) == [parked.profile_id]
    assert await parked_leads(pipeline.store) == []
    assert await pipeline.store.find(PARKED) == []
    found, wanted = await leads_of(pipeline), await leads_of(expected)
    assert {pid: values[:2] for pid, values in found.items()} == {pid: values[:2] for pid, values in wanted.items()}
    root = await pipeline.root_of("email", "lan@acme.test") or ""
    assert found[root][2].stage == wanted[root][2].stage == "mql"
    sequences = [(change["profile_id"], change["sequence"]) for change in await pipeline.changes()]
    assert len(sequences) == len(set(sequences))
    scores = {record.key: record.value for record in await pipeline.records(topics.LEAD_SCORES)}
    assert scores[parked.profile_id] is None  # it is a part of another now


async def test_a_release_is_done_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much waits for a lead, no commit carries more than a piece of it."""
    pipeline, expected = Pipeline(), Pipeline()
    await told(expected)
    with monkeypatch.context() as defect:
        defect.setattr(lead, "_link", a_defect)
        await told(pipeline)
    monkeypatch.setattr(orders, "_AT_ONCE", 2)
    await released(pipeline)
    assert await parked_leads(pipeline.store) == []
    assert {p: v[0] for p, v in (await leads_of(pipeline)).items()} == {
        p: v[0] for p, v in (await leads_of(expected)).items()
    }


async def test_a_lead_that_nobody_can_evaluate_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it cannot be told which record it was, all of the batch wait."""
    pipeline = Pipeline()
    await pipeline.send([touchpoint("m1", type="page", body={"anonymousId": "a1", **PRICING})])
    with monkeypatch.context() as defect:
        defect.setattr(scorer, "finish", a_defect)
        await pipeline.settle()
        assert (await pipeline.lead_of("anonymous_id", "a1")).own.counts == {}
    await released(pipeline)
    assert (await pipeline.lead_of("anonymous_id", "a1")).own.counts


@pytest.mark.parametrize("kind", ["a kind of a later version", "link"])
async def test_a_control_record_that_nobody_can_read_stops_its_lead(kind: str) -> None:
    """A later version wrote it, who can read it will apply it."""
    pipeline = Pipeline()
    await pipeline.send([touchpoint("m1", type="page", body={"anonymousId": "a1", **PRICING})])
    await pipeline.settle()
    pid = await pipeline.root_of("anonymous_id", "a1") or ""
    value = f'{{"kind": "{kind}", "to": "{pid}", "gen": 1}}'.encode()
    await pipeline.log.append([Emit(topic=topics.RESOLVED, key=pid, value=value)])
    await pipeline.settle()
    (parked,) = await parked_leads(pipeline.store)
    assert (parked.profile_id, parked.waiting) == (pid, 1)
    assert await pipeline.rejected() == []


async def test_a_command_that_is_for_no_lead_is_sent_again() -> None:
    """Still unreadable, it waits again; it is never lost."""
    pipeline = Pipeline()
    value = b'{"kind": "recalculate_everything"}'
    await pipeline.log.append([Emit(topic=topics.RESOLVED, key="x", value=value, partition=1)])
    await pipeline.settle()
    (first,) = await parked_commands(pipeline.store)
    assert [stored.key async for stored in resend_commands(pipeline.log, pipeline.store)] == [first.key]
    await pipeline.settle()
    (again,) = await parked_commands(pipeline.store)
    assert (bytes(again.value.value), again.value.partition) == (value, 1)
    assert again.value.position > first.value.position


async def test_a_batch_that_is_read_again_parks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between parking and committing leaves nothing twice and nothing out."""
    pipeline = Pipeline(partitions=1)
    monkeypatch.setattr(lead, "_link", a_defect)
    link = Link(to="f00", parent="ba2", gen=1, at=NOW, cause="m")

    await pipeline.log.append([Emit(topic=topics.RESOLVED, key="f00", value=msgspec.json.encode(link))])
    records = await pipeline.records(topics.RESOLVED)
    for _ in range(2):
        await pipeline.scorer.step(records)
    (parked,) = await parked_leads(pipeline.store)
    assert (parked.waiting, parked.parked.position) == (1, 0)
