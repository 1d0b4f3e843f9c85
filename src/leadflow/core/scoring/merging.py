"""What a merge brings: the further stage, and what the other lead has lived through."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from leadflow.core.scoring.actions import rank
from leadflow.core.scoring.changes import Advance, Lead, Move, entered, system_place
from leadflow.core.scoring.criteria import Met
from leadflow.core.scoring.standing import MAX_CONSUMED, Standing, Trigger

MERGE = "merge"


def merged(so_far: Advance, lead: Lead, trigger: Trigger, known: Sequence[Standing]) -> Advance:
    """Take in the standings of children: one change to the furthest stage, if it is further than the lead's own."""
    if not known:
        return so_far
    inherited = Advance(_inherited(so_far.standing, known), so_far.changes)
    further = max(known, key=_distance)
    place, since = system_place(inherited.standing)
    if rank(further.stage) <= rank(place):
        return inherited
    cause = Trigger(message_id=trigger.message_id, rule=MERGE, at=trigger.at)
    criteria = (Met(f"A merged profile had reached {further.stage}", met=True),)
    refused_at = further.refused.get(further.stage)
    return entered(inherited, Move(further.stage, max(trigger.at, since), cause, criteria, refused_at), lead)


def consumed_with(standing: Standing, *more: tuple[int, str]) -> tuple[tuple[int, str], ...]:
    """The acts that were applied, with some more; the latest are kept."""
    return tuple(sorted({*standing.consumed, *more}))[-MAX_CONSUMED:]


def _distance(standing: Standing) -> tuple[int, int]:
    return rank(standing.stage), standing.refused.get(standing.stage, 0)


def _inherited(standing: Standing, known: Sequence[Standing]) -> Standing:
    left, refused, clock = standing.left, standing.refused, standing.clock
    consumed = standing.consumed
    for child in known:
        left, refused = _latest(left, child.left), _latest(refused, child.refused)
        consumed, clock = (*consumed, *child.consumed), max(clock, child.clock)
    return replace(standing, left=left, refused=refused, clock=clock, consumed=consumed_with(standing, *consumed))


def _latest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, at), other.get(name, at)) for name, at in {**one, **other}.items()}
