"""A restart with another model counts every lead anew, and never mixes the rules of two models."""

import importlib.resources

from pipeline.in_memory import MODEL, NOW, Pipeline, touchpoint

from leadflow.contracts.collections import LEADS, MODELS
from leadflow.core.scoring.evaluate import evaluate
from leadflow.core.scoring.load import load_model
from leadflow.core.scoring.model import Model
from leadflow.core.time import HOUR
from leadflow.pipeline.scoring import Scorer
from leadflow.pipeline.scoring.lead import value_of
from leadflow.pipeline.scoring.rescoring import announce_model

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
    await announce_model(pipeline.log, pipeline.store, MODEL)
    await pipeline.settle()
    return pipeline


async def test_every_lead_is_counted_anew_as_if_the_new_model_had_always_been_there() -> None:
    """The recounted tallies equal those of a run with the new model from the first touchpoint on."""
    model = dearer_demo()
    pipeline, fresh = await filled(), Pipeline(model=model)
    assert await announce_model(pipeline.log, pipeline.store, model)
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
    assert not await announce_model(pipeline.log, pipeline.store, MODEL)
    await pipeline.settle()
    assert [(stored.key, stored.rev) for stored in await pipeline.store.find(LEADS, limit=1_000)] == before


async def test_a_rescoring_done_twice_publishes_no_change_twice() -> None:
    """Whoever dies in the middle of a rescoring does it again: scores and sequences come out the same."""
    pipeline, model = await filled(), dearer_demo()
    pipeline.use(Scorer(pipeline.log, pipeline.store, pipeline.clock, model))
    for _ in range(2):
        await pipeline.store.delete(MODELS, ["current"])
        await announce_model(pipeline.log, pipeline.store, MODEL)
        await announce_model(pipeline.log, pipeline.store, model)
        await pipeline.settle()
    sequences = [(change["profile_id"], change["sequence"]) for change in await pipeline.changes()]
    assert len(sequences) == len(set(sequences))
