"""Dead letters of the resolver: evidence that nobody could decide on, and records that are none."""

from leadflow.contracts.touchpoint import Rejected, Touchpoint
from leadflow.core.identity.decisions import Garbled, Refused
from leadflow.pipeline.processor.arrival import rejected_emit, rejection
from leadflow.ports import Emit


def refused_emit(touchpoint: Touchpoint, refused: Refused, now: int) -> Emit:
    """The dead letter of a touchpoint whose identity could not be decided."""
    reason = f"the resolver could not decide on it: {refused.reason}"
    return rejected_emit(refused.touchpoint, rejection(touchpoint, "poison", reason, now))


def garbled_emit(position: int, garbled: Garbled, now: int) -> Emit:
    """The dead letter of a record of `identity` that cannot be read."""
    place = f"identity.0.{position}"
    reason = f"{place}: {garbled.reason}"
    # The resolver runs inside the processor; the public contract knows no other name for it.
    rejected = Rejected(source="", hop="processor", code="malformed_record", reason=reason, at=now, body=garbled.body)
    return rejected_emit(place, rejected)
