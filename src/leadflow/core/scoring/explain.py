"""Why a lead is where it is, and what is missing for the next stage."""

from typing import NamedTuple

from leadflow.core.scoring.criteria import Met, assess, assess_return, detour_named, stage_after, stage_named
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.score import Score
from leadflow.core.scoring.stage_facts import StageFacts
from leadflow.core.scoring.standing import Standing
from leadflow.core.scoring.sums import Tally


class Next(NamedTuple):
    """The next stage and what is missing for it, in words; stage None at the end of the path."""

    stage: str | None
    missing: tuple[str, ...]


def criteria(standing: Standing, tally: Tally, model: Model, as_of: int, stage: str | None = None) -> tuple[Met, ...]:
    """What the present stage asks for, and what of it holds as of an instant (ms).

    `stage`: another stage than the present one, e.g. that of a past instant (`standing.stage_at`).
    """
    name = standing.stage if stage is None else stage
    on_path = stage_named(model, name)
    if on_path is not None:
        asked = assess(on_path, StageFacts(tally, model, as_of), standing).criteria
        # Who is here by an action of sales has what that action asks for.
        return tuple(Met(part.text, met=True) for part in asked) if not on_path.needs and not on_path.either else asked
    detour = detour_named(model, name)
    return (Met(detour.action_text, met=True),) if detour is not None else ()


def next_stage(
    standing: Standing, tally: Tally, model: Model, score: Score | StageFacts, stage: str | None = None
) -> Next:
    """The stage that comes after the present one (or after `stage`) and what is missing for it as of the score."""
    facts = score if isinstance(score, StageFacts) else StageFacts(tally, model, score.as_of)
    name = standing.stage if stage is None else stage
    detour = detour_named(model, name)
    if detour is not None:
        return Next(detour.back_to, assess_return(detour, facts, standing, standing.since).missing)
    following = stage_after(model, name)
    if following is None:
        return Next(None, ())
    return Next(following.name, assess(following, facts, standing).missing)
