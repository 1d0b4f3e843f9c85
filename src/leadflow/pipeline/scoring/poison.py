"""A touchpoint that nobody can count is put aside, and harms itself alone; a control record never is."""

from collections.abc import Iterable

import msgspec
import structlog
from msgspec.structs import replace

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.resolved import LeadRecord, Resolved
from leadflow.contracts.touchpoint import Rejected
from leadflow.pipeline.dead_letters import cause
from leadflow.pipeline.parked import Misfit
from leadflow.pipeline.scoring.lead import Judge, apply, mark, reject
from leadflow.ports import Emit, Store

_encode = msgspec.json.Encoder().encode

logger = structlog.get_logger(__name__)


def apply_or_reject(lead: LeadDoc, position: int, record: LeadRecord, judge: Judge) -> tuple[LeadDoc, bool]:
    """The lead after one record, and whether it was a touchpoint that could not be counted. Raises for others."""
    try:
        return apply(lead, position, record, judge), False
    except Exception as error:
        if not isinstance(record, Resolved):
            raise
        logger.error("poison_touchpoint", touchpoint=record.touchpoint, error=cause(error))  # noqa: TRY400
        marked = mark(lead, record)
        if marked is None:
            return lead, False
        rejected = _rejected(record, error, judge.now)
        name = f"{rejected.source}:{rejected.message_id}"
        return reject(marked, position, record.touchpoint, rejected, name), True


def _rejected(record: Resolved, error: Exception, now: int) -> Rejected:
    touchpoint = record.value
    return Rejected(
        source=touchpoint.source,
        hop="scoring",
        code="poison",
        reason=f"scoring could not count it: {cause(error)}",
        at=now,
        body=bytes(touchpoint.body).decode(errors="replace"),
        message_id=touchpoint.message_id,
        repair=touchpoint.repair,
    )


async def set_aside(store: Store, poison: Iterable[Resolved]) -> None:
    """Mark the documents of poison touchpoints as rejected, so that a repaired copy may take their place."""
    for record in poison:
        metrics.SCORING.rejected.labels("poison").inc()
        while True:
            (found,) = await store.get(TOUCHPOINTS, [record.touchpoint])
            if found is None or found.value.pos != record.pos or found.value.addr != record.to:
                break
            rejected = replace(found.value, rejected=True, reason="poison")
            (done,) = await store.replace(TOUCHPOINTS, [(record.touchpoint, rejected, found.rev)])
            if done:
                break


def refused(misfit: Misfit, now: int) -> Emit:
    """The dead letter of a record that cannot be read: its bytes, where it lay, and what is wrong with it."""
    record = misfit.record
    place = f"{record.topic}.{record.partition}.{record.offset}"
    rejected = Rejected(
        source="",
        hop="scoring",
        code="malformed_record",
        reason=f"{place}: {misfit.reason}",
        at=now,
        body=(record.value or b"").decode(errors="replace"),
    )
    metrics.SCORING.rejected.labels("malformed_record").inc()
    return Emit(
        topic=topics.REJECTED, key=record.key, value=_encode(rejected), id=place, type="dev.leadflow.rejected.v1"
    )
