"""The way that criteria move a lead: along the path, straight to customer, and back from a detour."""

from functools import lru_cache

from leadflow.core.scoring.changes import Advance, Lead, Move, entered, system_place
from leadflow.core.scoring.criteria import assess, assess_return, detour_named, may_enter, stage_after
from leadflow.core.scoring.model import Detour, Model, Stage
from leadflow.core.scoring.standing import Standing, Trigger

MAX_MOVES = 12
"""More than any path has stages: a model whose stages run in a circle stops here, and the same on every run."""


def settle(so_far: Advance, lead: Lead, trigger: Trigger) -> Advance:
    """Move the lead as far as its criteria carry it; each stage passed is a change with the same trigger."""
    for _ in range(MAX_MOVES):
        move = _next_move(so_far.standing, lead, trigger)
        if move is None:
            break
        so_far = entered(so_far, move, lead)
    return so_far


def _next_move(standing: Standing, lead: Lead, trigger: Trigger) -> Move | None:
    """The move that holds as of the trigger or, if none does, as of the latest event that the lead has seen."""
    place, since = system_place(standing)
    ways, detour = ways_from(place, lead.model)
    at = max(trigger.at, since)
    for instant in (at, standing.clock) if standing.clock > at else (at,):
        facts = lead.facts(instant)
        for stage in ways:
            if may_enter(stage, facts, standing):
                return Move(stage.name, instant, trigger, assess(stage, facts, standing).criteria)
        if detour is not None and (found := assess_return(detour, facts, standing, since)).holds:
            return Move(detour.back_to, instant, trigger, found.criteria)
    return None


@lru_cache(maxsize=256)
def ways_from(place: str, model: Model) -> tuple[tuple[Stage, ...], Detour | None]:
    """The stages that may come next by their criteria: those open from anywhere, then the following one.

    And the detour that the place is, if it is one.
    """
    anywhere = tuple(stage for stage in model.stages if stage.from_any and stage.name != place)
    following = stage_after(model, place)
    ways = anywhere if following is None else (*anywhere, following)
    return tuple(stage for stage in ways if stage.tests), detour_named(model, place)
