"""A stage change as a decision, and the step that takes it."""

import msgspec
from msgspec.structs import replace

from leadflow.core.scoring.criteria import Met
from leadflow.core.scoring.explain import Next, next_stage
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.score import Score
from leadflow.core.scoring.stage_facts import StageFacts
from leadflow.core.scoring.standing import MAX_HISTORY, Standing, Step, Trigger
from leadflow.core.scoring.sums import Tally


class Change(msgspec.Struct, frozen=True, gc=False):
    """A lead moved. `score` is as of `at`; `criteria` are those of the stage entered; times in ms.

    `next`: the stage after `to_stage`, and what is missing for it.
    `historical`: caused by imported history, which opens no SLA and raises no alert.
    """

    sequence: int
    from_stage: str
    to_stage: str
    at: int
    trigger: Trigger
    score: Score
    criteria: tuple[Met, ...]
    next: Next
    historical: bool = False


class Advance(msgspec.Struct, frozen=True, gc=False):
    """Where the lead stands now, and the changes that led there, in order."""

    standing: Standing
    changes: tuple[Change, ...] = ()


class Lead(msgspec.Struct, frozen=True, gc=False):
    """What decisions about a lead are taken on."""

    tally: Tally
    model: Model
    historical: bool = False
    _facts: dict[int, StageFacts] = {}  # per instant, so that a score is computed once

    def facts(self, as_of: int) -> StageFacts:
        """The facts as of an instant."""
        known = self._facts.get(as_of)
        if known is None:
            known = self._facts[as_of] = StageFacts(self.tally, self.model, as_of)
        return known


class Move(msgspec.Struct, frozen=True, gc=False):
    """A decision: to which stage, when (ms, never before the last change), why."""

    to: str
    at: int
    trigger: Trigger
    criteria: tuple[Met, ...]
    refused_at: int | None = None  # a merge takes over a refusal of its own date


def moved(so_far: Advance, move: Move, lead: Lead) -> Advance:
    """Publish a move: the next number in the sequence, the score and the explanation as of its instant."""
    before = so_far.standing
    at = max(move.at, before.since)
    move = replace(move, at=at)
    step = Step(before.sequence + 1, before.stage, move.to, at)
    after = replace(
        departed(before, before.stage, move, lead.model),
        stage=move.to,
        sequence=step.sequence,
        since=at,
        history=(*before.history, step)[-MAX_HISTORY:],
    )
    facts = lead.facts(at)
    change = Change(
        sequence=step.sequence,
        from_stage=before.stage,
        to_stage=move.to,
        at=at,
        trigger=move.trigger,
        score=facts.score,
        criteria=move.criteria,
        next=next_stage(after, lead.tally, lead.model, facts),
        historical=lead.historical,
    )
    return Advance(after, (*so_far.changes, change))


def entered(so_far: Advance, move: Move, lead: Lead) -> Advance:
    """Take a move of the system's. Under an override nothing is published: it is what the system would have done."""
    standing, override = so_far.standing, so_far.standing.override
    if override is None:
        return moved(so_far, move, lead)
    system = replace(override, system=move.to, system_since=move.at)
    after = replace(departed(standing, override.system, move, lead.model), override=system)
    return Advance(after, so_far.changes)


def system_place(standing: Standing) -> tuple[str, int]:
    """The stage that the system has the lead in, and since when (ms): not what an override shows."""
    override = standing.override
    return (standing.stage, standing.since) if override is None else (override.system, override.system_since)


def departed(standing: Standing, origin: str, move: Move, model: Model) -> Standing:
    """Note the exit from one stage and, if the move leads into a detour, the refusal."""
    refused = standing.refused
    if any(detour.name == move.to for detour in model.detours):
        refused = {**refused, move.to: move.at if move.refused_at is None else move.refused_at}
    return replace(standing, left={**standing.left, origin: move.at}, refused=refused)
