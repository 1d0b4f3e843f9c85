"""Stages: which one a lead is in, and why. `advance` takes the decisions; they are never taken back."""

from collections.abc import Sequence

from msgspec.structs import replace

from leadflow.core.scoring.actions import allowed_actions
from leadflow.core.scoring.acts import apply_acts
from leadflow.core.scoring.changes import Advance, Change, Lead, Move, moved
from leadflow.core.scoring.criteria import Met
from leadflow.core.scoring.explain import Next
from leadflow.core.scoring.flags import flags, route
from leadflow.core.scoring.merging import merged
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.path import settle
from leadflow.core.scoring.standing import Override, Standing, Step, Trigger, stage_since
from leadflow.core.scoring.sums import Tally
from leadflow.core.scoring.trigger import trigger_of

__all__ = [
    "Advance",
    "Change",
    "Met",
    "Next",
    "Override",
    "Standing",
    "Step",
    "Trigger",
    "advance",
    "allowed_actions",
    "flags",
    "route",
    "stage_since",
    "trigger_of",
]


def advance(
    standing: Standing,
    tally: Tally,
    model: Model,
    trigger: Trigger,
    known: Sequence[Standing] = (),
    *,
    historical: bool = False,
) -> Advance:
    """Take the decisions that a record brings, in this order: an override ends, a merge, criteria, acts of sales.

    `tally` is the whole lead's after the record. `known`: the standings of children that were linked by it.
    The same standing, tally, model and record give the same decisions; a record that came before changes nothing.
    """
    lead = Lead(tally, model, historical)
    clock = max(standing.clock, trigger.at, *[child.clock for child in known], 0)
    now = Advance(standing if standing.clock == clock else replace(standing, clock=clock))
    if standing.override is not None:
        now = _override_ended(now, lead, trigger)
    if known:
        now = merged(now, lead, trigger, known)
    now = settle(now, lead, trigger)
    return apply_acts(now, lead, trigger) if tally.acts or standing.override is not None else now


def _override_ended(now: Advance, lead: Lead, trigger: Trigger) -> Advance:
    """The first record at or after its end ends an override; the system's stage returns."""
    override = now.standing.override
    if override is None or override.expires_at is None or trigger.at < override.expires_at:
        return now
    free = Advance(replace(now.standing, override=None), now.changes)
    if override.system == now.standing.stage:
        return free
    cause = Trigger(message_id=trigger.message_id, rule="override_expired", at=trigger.at)
    return moved(free, Move(override.system, trigger.at, cause, (Met("The override has expired", met=True),)), lead)
