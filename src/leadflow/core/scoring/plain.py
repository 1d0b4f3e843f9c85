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


def is_plain(signal: Signal, model: Model) -> bool:
    """Whether a touchpoint only counts for rules and as a touch."""
    if signal.traits or signal.contacts or signal.consents or signal.quality is not None or signal.action is not None:
        return False
    event = event_of(signal)
    if event is None:
        return True
    return not _has_meaning(event, model) and not facts_may_stand_in(signal.properties, model)


def add_plain(tally: Tally, signal: Signal, matched: Sequence[str], model: Model) -> Tally:
    """Count a plain touchpoint."""
    if not signal.active:  # the page was open, but nobody was there: no rule matches either
        return tally
    touch = touch_of(signal)
    first, last = tally.first_touch, tally.last_touch
    return replace(
        tally,
        counts=_counted(tally, signal.at // HOUR, matched) if matched else tally.counts,
        spans=_widened(tally.spans, signal, is_intent=is_intent(tuple(matched), model)),
        first_touch=first if first is not None and first.at < touch.at else statements.first_touch(first, touch),
        last_touch=touch if last is None or last.at < touch.at else statements.last_touch(last, touch),
    )


@lru_cache(maxsize=4_096)
def _has_meaning(event: str, model: Model) -> bool:
    events = model.events
    return bool(classes_of(event, model)) or event in events.conversion or event in events.purchase


def _counted(tally: Tally, hour: int, matched: Sequence[str]) -> dict[str, dict[int, int]]:
    counts = dict(tally.counts)
    for rule in matched:
        hours = counts.get(rule)
        counts[rule] = {hour: 1} if hours is None else {**hours, hour: hours.get(hour, 0) + 1}
    return counts


def _widened(spans: dict[str, Span], signal: Signal, *, is_intent: bool) -> dict[str, Span]:
    moment = Moment(signal.at, signal.message_id)
    widened = dict(spans)
    for name in ("touch", "intent") if is_intent else ("touch",):
        known = spans.get(name)
        if known is None:
            widened[name] = Span(moment, moment)
        elif known.last.at < moment.at:  # the rule: things come in the order in which they happen
            widened[name] = Span(known.first, moment)
        else:
            widened[name] = Span(min(known.first, moment), max(known.last, moment))
    return widened
