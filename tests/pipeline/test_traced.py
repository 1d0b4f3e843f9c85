"""Traces go with records, hop by hop, and change nothing else: the same work done again leaves the same headers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pytest
from pipeline.in_memory import Pipeline, StepFunction, touchpoint

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.core.trace_context import TraceContext, read_traceparent
from leadflow.pipeline.hop import Hop, Step
from leadflow.pipeline.traced import traced
from leadflow.ports import Emit, Record, Span

ASKED = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
MAIL = "lan@acme.test"


@dataclass
class Kept:
    """A tracer that keeps its spans."""

    spans: list[Span] = field(default_factory=list)

    def begin(self, parent: TraceContext | None) -> TraceContext | None:
        """Go on as asked."""
        return parent

    def finish(self, span: Span) -> None:
        """Keep it."""
        self.spans.append(span)


def traced_step(topic: str, step: StepFunction, tracer: Kept) -> tuple[str, StepFunction]:
    """One of a pipeline's hops, traced."""
    return topic, traced(Hop("test", topic, step, metrics.PROCESSOR), tracer).step


async def asked_for_a_demo(
    tracer: Kept, trace: str, *, partitions: int = 3, seed: int = 0, batch: int = 100
) -> Pipeline:
    """A pipeline after somebody with a device and an e-mail address asked for a demo, among others untraced."""
    pipeline = Pipeline(partitions=partitions, seed=seed)
    pipeline.hops = tuple(traced_step(topic, step, tracer) for topic, step in pipeline.hops)
    for number in range(3):
        await pipeline.send([touchpoint(f"other-{number}", type="page", body={"anonymousId": f"other-{number}"})])
    body = {"event": "Demo Requested", "anonymousId": "device", "properties": {"email": MAIL}}
    demo = Emit(
        topic=topics.TOUCHPOINTS, key="lan", value=msgspec.json.encode(touchpoint("demo", body=body)), trace=trace
    )
    await pipeline.log.append([demo])
    await pipeline.settle(batch)
    return pipeline


async def test_a_touchpoint_and_its_stage_changes_are_one_trace() -> None:
    """By way of the resolver: each span inside the one before it, and the public records carry it on."""
    tracer = Kept()
    pipeline = await asked_for_a_demo(tracer, ASKED.traceparent())
    by_name = {span.name: span for span in tracer.spans}
    ways = ["processor resolve", "resolver decide", "scoring score", "stage change"]
    assert sorted(by_name) == sorted(ways)
    parent: TraceContext | None = ASKED
    for name in ways:
        assert by_name[name].parent == parent
        parent = by_name[name].context
    changes = await pipeline.records(topics.STAGE_CHANGES)
    published = [span.context for span in tracer.spans if span.name == "stage change"]
    assert [read_traceparent(change.trace) for change in changes] == published
    assert len(published) == 2, "a lead, and qualified at once"
    scores = [read_traceparent(score.trace) for score in await pipeline.records(topics.LEAD_SCORES) if score.trace]
    assert scores == [by_name["scoring score"].context]


async def test_spans_tell_places_and_profiles_and_nothing_personal() -> None:
    """What an operator needs to find the record; who it was is not in there."""
    tracer = Kept()
    pipeline = await asked_for_a_demo(tracer, ASKED.traceparent())
    score = next(span for span in tracer.spans if span.name == "scoring score")
    assert score.attributes["leadflow.profile_id"] == await pipeline.root_of("email", MAIL)
    assert score.attributes["messaging.destination.name"] == topics.RESOLVED
    assert MAIL not in repr(tracer.spans)
    assert "device" not in repr(tracer.spans)
    assert all(span.began <= span.ended for span in tracer.spans)


@pytest.mark.parametrize("trace", ["", "somebody@mail.example", replace(ASKED, sampled=False).traceparent()])
async def test_what_nobody_wants_to_see_leaves_no_trace(trace: str) -> None:
    """No context, one that is none, and one that its sender left out: no span, and nothing is carried on."""
    tracer = Kept()
    pipeline = await asked_for_a_demo(tracer, trace)
    assert tracer.spans == []
    for topic in (topics.IDENTITY, topics.RESOLVED, topics.STAGE_CHANGES, topics.LEAD_SCORES):
        assert {record.trace for record in await pipeline.records(topic)} == {""}


async def test_the_same_log_in_other_batches_leaves_the_same_headers() -> None:
    """However the records are cut into batches, what is published carries the same context."""

    async def published(seed: int, batch: int) -> list[tuple[str, str]]:
        pipeline = await asked_for_a_demo(Kept(), ASKED.traceparent(), partitions=1, seed=seed, batch=batch)
        return [(record.key, record.trace) for record in await pipeline.records(topics.STAGE_CHANGES)]

    first = await published(0, 100)
    assert all(trace for _, trace in first)
    assert [await published(seed, 1) for seed in range(3)] == [first] * 3


async def test_a_crash_before_the_commit_leaves_the_same_headers() -> None:
    """Each batch is taken twice and only the second one is committed: as after a crash, with spans of the same ids."""

    def twice(step: StepFunction) -> StepFunction:
        async def stumbling(records: Sequence[Record]) -> Step:
            lost = await step(records)
            again = await step(records)
            assert [(emit.topic, emit.key, emit.trace) for emit in again.emits] == [
                (emit.topic, emit.key, emit.trace) for emit in lost.emits
            ]
            return again

        return stumbling

    tracer = Kept()
    pipeline = Pipeline()
    pipeline.hops = tuple(
        (topic, twice(step)) for topic, step in (traced_step(topic, step, tracer) for topic, step in pipeline.hops)
    )
    body = {"event": "Demo Requested", "anonymousId": "device", "properties": {"email": MAIL}}
    value = msgspec.json.encode(touchpoint("demo", body=body))
    await pipeline.log.append([Emit(topic=topics.TOUCHPOINTS, key="lan", value=value, trace=ASKED.traceparent())])
    await pipeline.settle()
    assert len(tracer.spans) == 2 * len({span.context for span in tracer.spans}) == 10


async def test_a_decision_that_reaches_beyond_the_batch_keeps_its_traces() -> None:
    """A resolver that reads fewer records again than were decided emits them all, each in its own trace."""
    tracer = Kept()
    pipeline = Pipeline()
    pipeline.hops = tuple(traced_step(topic, step, tracer) for topic, step in pipeline.hops)
    steps = dict(pipeline.hops)
    traces = [TraceContext(f"{number:032x}", "1" * 16) for number in (1, 2)]
    for number, context in enumerate(traces):
        body = {"anonymousId": f"device-{number}", "traits": {"email": f"{number}@acme.test"}}
        value = msgspec.json.encode(touchpoint(f"m{number}", type="identify", body=body))
        await pipeline.log.append([Emit(topic=topics.TOUCHPOINTS, key="k", value=value, trace=context.traceparent())])
    pipeline.hops = tuple(hop for hop in pipeline.hops if hop[0] == topics.TOUCHPOINTS)
    await pipeline.settle()
    evidence = await pipeline.records(topics.IDENTITY)
    assert len(evidence) == 2
    whole = await steps[topics.IDENTITY](evidence)
    part = await steps[topics.IDENTITY](evidence[:1])
    assert part.emits == whole.emits
    assert [read_traceparent(emit.trace) for emit in part.emits] == [
        found.inner(f"identity/0/{record.offset}") for record in evidence if (found := read_traceparent(record.trace))
    ]
