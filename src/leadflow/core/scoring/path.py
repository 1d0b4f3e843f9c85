"""The way that criteria move a lead: along the path, straight to customer, and back from a detour."""

from collections.abc import Iterator

from leadflow.core.scoring.changes import Advance, Lead, Move, entered, system_place
from leadflow.core.scoring.criteria import Assessment, assess, assess_return, detour_named, stage_after
from leadflow.core.scoring.stage_facts import StageFacts
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
    at = max(trigger.at, since)
    for instant in (at, standing.clock) if standing.clock > at else (at,):
        for name, found in _ways(place, since, standing, lead.facts(instant), lead):
            if found.holds:
                return Move(name, instant, trigger, found.criteria)
    return None


def _ways(
    place: str, since: int, standing: Standing, facts: StageFacts, lead: Lead
) -> Iterator[tuple[str, Assessment]]:
    for stage in lead.model.stages:
        if stage.from_any and stage.name != place:
            yield stage.name, assess(stage, facts, standing)
    detour = detour_named(lead.model, place)
    if detour is not None:
        yield detour.back_to, assess_return(detour, facts, standing, since)
    following = stage_after(lead.model, place)
    if following is not None:
        yield following.name, assess(following, facts, standing)
