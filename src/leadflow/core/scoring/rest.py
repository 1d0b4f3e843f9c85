"""Leads at rest: every way on is barred by something that lasts, such as that nothing was ever ordered."""

from functools import lru_cache

from leadflow.core.conditions.nodes import AllOf, Always, AnyOf, Node, Truth
from leadflow.core.scoring.changes import system_place
from leadflow.core.scoring.model import Model, Stage, Test
from leadflow.core.scoring.path import ways_from
from leadflow.core.scoring.stage_facts import LASTING, StageFacts
from leadflow.core.scoring.standing import Standing
from leadflow.core.scoring.sums import Tally

_FOREVER = 1 << 62


def is_at_rest(standing: Standing, tally: Tally, model: Model) -> bool:
    """Whether `advance` would only set the clock, whatever the trigger; True only where that is cheap to tell.

    So it stays with any number of plain touchpoints more (see `plain`).
    """
    if standing.override is not None or tally.acts:
        return False
    bars = _bars(system_place(standing)[0], model)
    if bars is None:
        return False
    facts = StageFacts(tally, model, _FOREVER)
    for way in bars:
        for holds in way:
            if not holds(facts):
                break
        else:
            return False
    return True


@lru_cache(maxsize=256)
def _bars(place: str, model: Model) -> tuple[tuple[Test, ...], ...] | None:
    """Of each way from a place the tests that can bar it for good; None where intent alone may end a detour."""
    stages, detour = ways_from(place, model)
    if detour is not None and detour.back_after is not None:
        return None
    return tuple(way for stage in stages for way in _barring(stage))


def _barring(stage: Stage) -> list[tuple[Test, ...]]:
    """Each way into a stage by those of its tests that are about what lasts.

    What does not hold at the end of time is then false at every instant.
    """
    return [
        tuple(part.when.holds for part in (*stage.needs, *way) if _lasts(part.when.condition.node))
        for way in stage.either or ((),)
    ]


def _lasts(node: Node) -> bool:
    match node:
        case Always():
            return True
        case Truth(field):
            return field in LASTING
        case AllOf(parts) | AnyOf(parts):
            return all(map(_lasts, parts))
        case _:
            return False
