"""The name of what a touchpoint did, for the changes that it triggers."""

from collections.abc import Sequence
from functools import lru_cache

from leadflow.core.scoring.matching import event_of
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.standing import Trigger
from leadflow.core.touchpoint import Signal


def trigger_of(signal: Signal, matched: Sequence[str], model: Model) -> Trigger:
    """The trigger that a touchpoint is. Its rule: the action, `purchase`, the weightiest rule, or the call's type."""
    return Trigger(message_id=signal.message_id, rule=_rule(signal, matched, model), at=signal.at)


@lru_cache(maxsize=4_096)
def _weightiest(matched: tuple[str, ...], model: Model) -> str:
    return max(matched, key=lambda rule: abs(model.rules[rule].points))


def _rule(signal: Signal, matched: Sequence[str], model: Model) -> str:
    if signal.action is not None:
        return signal.action.type
    event = event_of(signal)
    if event in model.events.purchase:
        return "purchase"
    if matched:
        return _weightiest(tuple(matched), model)
    return "conversion" if event in model.events.conversion else signal.type
