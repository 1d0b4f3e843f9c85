"""A restart with another model counts every lead anew, and never mixes the rules of two models."""

import importlib.resources

import pytest
from pipeline.in_memory import MODEL, NOW, Pipeline, touchpoint

from leadflow.contracts.collections import LEADS, MODELS
from leadflow.contracts.topics import RESOLVED
from leadflow.core.scoring.evaluate import evaluate
from leadflow.core.scoring.load import load_model
from leadflow.core.scoring.model import Model
from leadflow.core.time import HOUR
from leadflow.pipeline.scoring import Scorer
from leadflow.pipeline.scoring.lead import value_of
from leadflow.pipeline.scoring.model_in_force import ModelInForce
from leadflow.ports import Superseded

SHIPPED = (importlib.resources.files("leadflow.models") / "b2b.yaml").read_text()


def dearer_demo() -> Model:
    """The shipped model, with a hand-raise worth 90."""
    changed = SHIPPED.replace("points: 40", "points: 90")
    assert changed != SHIPPED
    return load_model(changed, "test.yaml")


async def filled() -> Pipeline:
    """A lead of two devices that became an MQL, and a visitor."""
    pipeline = Pipeline()
    for number, device in enumerate(("a1", "a2")):
        body = {"anonymousId": device, "context": {"page": {"path": "/pricing"}}}
        await pipeline.send([touchpoint(f"p{number}", type="page", at=NOW + number, body=body)])
        await pipeline.settle()
        body = {"anonymousId": device, "event": "Demo Requested", "traits": {"email": "lan@acme.test"}}
        await pipeline.send([touchpoint(f"d{number}", at=NOW + number, body=body)])
        await pipeline.settle()
    await pipeline.send([touchpoint("v", type="page", body={"anonymousId": "a9"})])
    await ModelInForce(MODEL).announce(pipeline.log, pipeline.store)
    await pipeline.settle()
    return pipeline


async def test_every_lead_is_counted_anew_as_if_the_new_model_had_always_been_there() -> None:
    """The recounted tallies equal those of a run with the new model from the first touchpoint on."""
    model = dearer_demo()
    pipeline, fresh = await filled(), Pipeline(model=model)
    assert await ModelInForce(model).announce(pipeline.log, pipeline.store)
    pipeline.use(Scorer(pipeline.log, pipeline.store, pipeline.clock, model))
    await pipeline.settle()
    for record in await pipeline.touchpoints():
        await fresh.send([record])
        await fresh.settle()
    for kind, value in (("email", "lan@acme.test"), ("anonymous_id", "a9")):
        recounted, direct = await pipeline.lead_of(kind, value), await fresh.lead_of(kind, value)
        assert evaluate(value_of(recounted), model, NOW + HOUR) == evaluate(value_of(direct), model, NOW + HOUR)
    assert (await pipeline.lead_of("email", "lan@acme.test")).published().engagement > 90


async def test_the_same_model_asks_for_nothing() -> None:
    """A restart without a new model leaves the leads alone."""
    pipeline = await filled()
    before = [(stored.key, stored.rev) for stored in await pipeline.store.find(LEADS, limit=1_000)]
    assert not await ModelInForce(MODEL).announce(pipeline.log, pipeline.store)
    await pipeline.settle()
    assert [(stored.key, stored.rev) for stored in await pipeline.store.find(LEADS, limit=1_000)] == before


async def test_a_rescoring_done_twice_publishes_no_change_twice() -> None:
    """Whoever dies in the middle of a rescoring does it again: scores and sequences come out the same."""
    pipeline, model = await filled(), dearer_demo()
    pipeline.use(Scorer(pipeline.log, pipeline.store, pipeline.clock, model))
    for _ in range(2):
        await pipeline.store.delete(MODELS, ["current"])
        await ModelInForce(MODEL).announce(pipeline.log, pipeline.store)
        await ModelInForce(model).announce(pipeline.log, pipeline.store)
        await pipeline.settle()
    sequences = [(change["profile_id"], change["sequence"]) for change in await pipeline.changes()]
    assert len(sequences) == len(set(sequences))


async def test_a_process_whose_model_was_superseded_neither_announces_it_again_nor_counts_by_it() -> None:
    """In a rolling update the later model wins: the older process stops at its order and leaves it to a newer one."""
    pipeline, model = await filled(), dearer_demo()
    old, new = ModelInForce(MODEL), ModelInForce(model)
    assert not await old.announce(pipeline.log, pipeline.store)
    older = Scorer(pipeline.log, pipeline.store, pipeline.clock, MODEL, in_force=old)
    before = [(stored.key, stored.rev) for stored in await pipeline.store.find(LEADS, limit=1_000)]
    assert await new.announce(pipeline.log, pipeline.store)
    with pytest.raises(Superseded, match="superseded by b2b"):
        await old.announce(pipeline.log, pipeline.store)
    for partition in range(pipeline.log.partitions(RESOLVED)):
        records = await pipeline.log.read(RESOLVED, partition, 0, 1_000)
        with pytest.raises(Superseded):
            await older.step(records)
    assert [(stored.key, stored.rev) for stored in await pipeline.store.find(LEADS, limit=1_000)] == before
    assert not await new.announce(pipeline.log, pipeline.store)
    pipeline.use(Scorer(pipeline.log, pipeline.store, pipeline.clock, model, in_force=new))
    await pipeline.settle()
    assert (await pipeline.lead_of("email", "lan@acme.test")).published().engagement > 90


async def test_a_process_that_starts_anew_with_the_earlier_model_takes_over() -> None:
    """A rollback is a new start: what starts last counts."""
    pipeline, model = await filled(), dearer_demo()
    newer = ModelInForce(model)
    assert await newer.announce(pipeline.log, pipeline.store)
    assert await ModelInForce(MODEL).announce(pipeline.log, pipeline.store)
    with pytest.raises(Superseded):
        await newer.announce(pipeline.log, pipeline.store)
