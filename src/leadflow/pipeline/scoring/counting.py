"""A touchpoint as scoring reads it, and what it adds to a leaf's tally."""

from collections.abc import Sequence

from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.reading import Envelope, hear
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.stages import Trigger, trigger_of
from leadflow.core.scoring.tally import Tally, add, match
from leadflow.core.touchpoint import Identifier, Signal


def signal_of(touchpoint: Touchpoint, contacts: Sequence[tuple[str, str]]) -> Signal:
    """Read a touchpoint; `contacts` are the (type, normal value) of the e-mails and phones that identity kept."""
    envelope = Envelope(
        kind=touchpoint.type,
        message_id=touchpoint.message_id,
        source=touchpoint.source,
        at=touchpoint.at,
        received_at=touchpoint.received_at,
        quality=touchpoint.quality,
        contacts=tuple([Identifier(kind, value) for kind, value in contacts]) if contacts else (),
        historical=touchpoint.historical,
        bot=touchpoint.bot,
    )
    return hear(touchpoint.body, touchpoint.context, envelope)


def count(own: Tally, signal: Signal, model: Model) -> tuple[Tally, Trigger]:
    """The tally with this touchpoint in it, and the trigger that it is."""
    matched = match(signal, model)
    return add(own, signal, matched, model), trigger_of(signal, matched, model)
