"""Touchpoints and leads for the tests of scoring and stages."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from leadflow.core.names import event_name
from leadflow.core.scoring.evaluate import Score, evaluate
from leadflow.core.scoring.load import shipped_model
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.stages import Advance, Change, Standing, Trigger, advance, trigger_of
from leadflow.core.scoring.tally import EMPTY, Tally, add, match
from leadflow.core.time import from_rfc3339
from leadflow.core.touchpoint import Action, Identifier, Signal

B2B = shipped_model()
NOON = from_rfc3339("2026-11-02T05:00:00Z")
"""A Monday, noon in Vietnam, at the start of a UTC hour."""

EMAIL = Identifier("email", "lan@gmail.com")
PHONE = Identifier("phone", "+84901234567")

_ids = count()


def touchpoint(kind: str, at: int = NOON, **fields: Any) -> Signal:
    """Any touchpoint; message ids are given out in turn."""
    fields.setdefault("message_id", f"m{next(_ids):06d}")
    return Signal(source="web", type=kind, at=at, received_at=at, **fields)  # type: ignore[arg-type]


def track(event: str, at: int = NOON, **fields: Any) -> Signal:
    """An event, named as a client sends it."""
    return touchpoint("track", at, event=event_name(event), event_name=event, **fields)


def page(path: str = "/", at: int = NOON, **fields: Any) -> Signal:
    """A page view."""
    return touchpoint("page", at, path=path, **fields)


def identify(at: int = NOON, **fields: Any) -> Signal:
    """A call that says who somebody is."""
    return touchpoint("identify", at, **fields)


def act(action: str, at: int = NOON, **fields: Any) -> Signal:
    """An action of sales."""
    return touchpoint("action", at, action=Action(action, "sam", fields))


def tally_of(signals: Iterable[Signal], model: Model = B2B) -> Tally:
    """The tally of a set of touchpoints."""
    tally = EMPTY
    for signal in signals:
        tally = add(tally, signal, match(signal, model), model)
    return tally


def score_of(signals: Iterable[Signal], as_of: int = NOON, model: Model = B2B) -> Score:
    """The score of a set of touchpoints."""
    return evaluate(tally_of(signals, model), model, as_of)


class Story:
    """A lead as its touchpoints arrive."""

    def __init__(self, model: Model = B2B) -> None:
        self.model = model
        self.tally = EMPTY
        self.standing = Standing()
        self.changes: list[Change] = []

    def tell(self, *signals: Signal) -> "Story":
        """One record for each touchpoint."""
        for signal in signals:
            matched = match(signal, self.model)
            self.tally = add(self.tally, signal, matched, self.model)
            self.decide(trigger_of(signal, matched, self.model))
        return self

    def decide(self, trigger: Trigger, known: Sequence[Standing] = ()) -> Advance:
        """A record that has changed the tally."""
        step = advance(self.standing, self.tally, self.model, trigger, known)
        self.standing = step.standing
        self.changes += step.changes
        return step

    @property
    def stages(self) -> list[str]:
        """The stages passed, in order."""
        return [change.to_stage for change in self.changes]
