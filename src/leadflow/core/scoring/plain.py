"""The short way to count what most touchpoints are: somebody did something, and nothing is said about who.

What this adds is what `join` with the `contents_of` the touchpoint adds, to the last field.
"""

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from leadflow.core.scoring import statements
from leadflow.core.scoring.contents import classes_of, facts_may_stand_in, is_intent, touch_of
from leadflow.core.scoring.matching import event_of
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.statements import Moment, Span
from leadflow.core.scoring.sums import Tally
from leadflow.core.time import HOUR
from leadflow.core.touchpoint import Signal

Heard = tuple[Signal, tuple[str, ...]]
"""A touchpoint with the ids of the rules that it counts for."""


def is_plain(signal: Signal, model: Model) -> bool:
    """Whether a touchpoint only counts for rules and as a touch."""
    if signal.traits or signal.contacts or signal.consents or signal.quality is not None or signal.action is not None:
        return False
    event = event_of(signal)
    if event is None:
        return True
    return not _has_meaning(event, model) and not facts_may_stand_in(signal.properties, model)


def add_plain(tally: Tally, heard: Sequence[Heard], model: Model) -> Tally:
    """Count plain touchpoints, one or many at once."""
    counts: dict[str, dict[int, int]] = {}  # of the rules that matched here
    spans = tally.spans.copy()
    first, last = tally.first_touch, tally.last_touch
    for signal, matched in heard:
        if not signal.active:  # the page was open, but nobody was there: no rule matches either
            continue
        hour = signal.at // HOUR
        for rule in matched:
            hours = counts.get(rule)
            if hours is None:
                hours = counts[rule] = dict(tally.counts.get(rule, ()))
            hours[hour] = hours.get(hour, 0) + 1
        touch = touch_of(signal)
        first = first if first is not None and first.at < touch.at else statements.first_touch(first, touch)
        last = touch if last is None or last.at < touch.at else statements.last_touch(last, touch)
        moment = Moment(signal.at, signal.message_id)
        _widen(spans, "touch", moment)
        if matched and is_intent(matched, model):
            _widen(spans, "intent", moment)
    counts = {**tally.counts, **counts} if counts else tally.counts
    return replace(tally, counts=counts, spans=spans, first_touch=first, last_touch=last)


@lru_cache(maxsize=4_096)
def _has_meaning(event: str, model: Model) -> bool:
    events = model.events
    return bool(classes_of(event, model)) or event in events.conversion or event in events.purchase


def _widen(spans: dict[str, Span], name: str, moment: Moment) -> None:
    known = spans.get(name)
    if known is None:
        spans[name] = Span(moment, moment)
    elif known.last.at < moment.at:  # the rule: things come in the order in which they happen
        spans[name] = Span(known.first, moment)
    else:
        spans[name] = Span(min(known.first, moment), max(known.last, moment))
