"""A hop that is traced: each record that belongs to a trace gets a span for its passage, and so does a stage change.

The steps themselves only carry `trace` from records to what follows from them. Contexts are digests of a record's trace
and place, and of a stage change's id: a batch that is processed again, by whomever, emits the same headers.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import time_ns

import msgspec

from leadflow.contracts.topics import IDENTITY, RESOLVED, STAGE_CHANGES, TOUCHPOINTS
from leadflow.core.trace_context import TraceContext, read_traceparent
from leadflow.pipeline.hop import Hop, Step
from leadflow.ports import Emit, Record, Span, Tracer

_PASSAGES = {TOUCHPOINTS: "processor resolve", IDENTITY: "resolver decide", RESOLVED: "scoring score"}
_CHANGE = "stage change"


@dataclass(frozen=True, slots=True)
class _Passage:
    """A record's way through a hop."""

    record: Record
    parent: TraceContext
    context: TraceContext


def traced(hop: Hop, tracer: Tracer) -> Hop:
    """The hop, telling the tracer of each traced record; as it is, where nothing goes on from it."""
    name = _PASSAGES.get(hop.topic)
    return hop if name is None else replace(hop, step=partial(_step, hop.step, name, tracer))


async def _step(
    step: Callable[[Sequence[Record]], Awaitable[Step]], name: str, tracer: Tracer, records: Sequence[Record]
) -> Step:
    """Take the step with the traced records inside their spans. An attempt that fails leaves none."""
    if not any(record.trace for record in records):
        return await step(records)
    passages = {record.offset: passage for record in records if (passage := _passage(record))}
    began = time_ns()
    done = await step([_inside(record, passages.get(record.offset)) for record in records])
    ended = time_ns()
    for passage in passages.values():
        if passage.record.offset < done.next_offset:  # the rest of the batch is read again
            tracer.finish(_span(name, passage, len(records), began, ended))
    return replace(done, emits=[_announced(emit, tracer, ended) for emit in done.emits])


def _passage(record: Record) -> _Passage | None:
    """A record's passage; None of one without a trace, or with a header that is none."""
    parent = read_traceparent(record.trace) if record.trace else None
    if parent is None or not parent.sampled:
        return None
    return _Passage(record, parent, parent.inner(f"{record.topic}/{record.partition}/{record.offset}"))


def _inside(record: Record, passage: _Passage | None) -> Record:
    """The record as the step sees it: what follows from it follows from its passage."""
    trace = passage.context.traceparent() if passage else ""
    return record if trace == record.trace else msgspec.structs.replace(record, trace=trace)


def _span(name: str, passage: _Passage, batch: int, began: int, ended: int) -> Span:
    record = passage.record
    attributes: dict[str, str | int] = {
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.batch.message_count": batch,
        "leadflow.waited_ms": max(0, began // 1_000_000 - record.timestamp),
    }
    if record.topic == RESOLVED:
        attributes["leadflow.profile_id"] = record.key
    return Span(
        name=name,
        kind="consumer",
        context=passage.context,
        parent=passage.parent,
        began=began,
        ended=ended,
        attributes=attributes,
    )


def _announced(emit: Emit, tracer: Tracer, now: int) -> Emit:
    """What is emitted; a stage change in a span of its own, which its subscribers go on from."""
    parent = read_traceparent(emit.trace) if emit.trace and emit.topic == STAGE_CHANGES else None
    if parent is None:
        return emit
    context = parent.inner(emit.id)
    attributes = {"leadflow.profile_id": emit.key, "leadflow.stage_change_id": emit.id}
    tracer.finish(
        Span(name=_CHANGE, kind="producer", context=context, parent=parent, began=now, ended=now, attributes=attributes)
    )
    return msgspec.structs.replace(emit, trace=context.traceparent())
