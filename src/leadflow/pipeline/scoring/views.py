"""Decisions of the core as the public records: micro-points become points, instants RFC 3339."""

from functools import lru_cache

from leadflow.contracts.lead import (
    ChangeTrigger,
    Contribution,
    Criterion,
    LeadScore,
    MarketingSource,
    ModelRef,
    NextStage,
    ScoreView,
    StageChanged,
)
from leadflow.core.scoring.evaluate import Score, Worth
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.stages import Change, Met, flags, route
from leadflow.core.scoring.tally import Tally
from leadflow.core.time import SECOND, to_rfc3339

MICRO = 1_000_000


def points(micro: int) -> float:
    """Micro-points as points with at most six decimals."""
    return micro / MICRO


@lru_cache(maxsize=16)
def model_ref(model: Model) -> ModelRef:
    """The model's name and version."""
    return ModelRef(name=model.name, version=model.version)


def score_view(score: Worth) -> ScoreView:
    """A score in points."""
    return ScoreView(
        engagement=points(score.engagement),
        fit=points(score.fit),
        grade=score.grade,
        completeness=points(score.completeness),
        total=points(score.total),
        temperature=score.temperature,
    )


def contributions(score: Score) -> tuple[Contribution, ...]:
    """Every share of a score; they add up to its total exactly."""
    return tuple(
        [
            Contribution(
                rule=share.rule,
                count=share.count,
                points=share.points / MICRO,
                age_s=None if share.age_ms is None else share.age_ms // SECOND,
            )
            for share in score.contributions
        ]
    )


@lru_cache(maxsize=1_024)  # of a stage's criteria the same few hold, again and again
def criteria_view(criteria: tuple[Met, ...]) -> tuple[Criterion, ...]:
    """Criteria in words, and whether they hold."""
    return tuple([Criterion(text=part.text, met=part.met) for part in criteria])


def marketing_source(tally: Tally) -> MarketingSource:
    """Where a lead came from: its first conversion; all null before there is one."""
    conversion = tally.conversion
    if conversion is None:
        return MarketingSource(conversion=None, channel=None, campaign=None)
    return MarketingSource(
        conversion=conversion.event,
        channel=conversion.channel,
        campaign=conversion.campaign,
        medium=conversion.medium,
    )


def stage_changed(profile_id: str, change: Change, tally: Tally, model: Model, decided_at: int) -> StageChanged:
    """The public record of a stage change. Its id is deterministic: profile and sequence."""
    return StageChanged(
        id=f"{profile_id}.{change.sequence}",
        profile_id=profile_id,
        sequence=change.sequence,
        from_=change.from_stage,
        to=change.to_stage,
        at=to_rfc3339(change.at),
        decided_at=to_rfc3339(decided_at),
        trigger=ChangeTrigger(message_id=change.trigger.message_id, rule=change.trigger.rule),
        score=score_view(change.score),
        contributions=contributions(change.score),
        criteria=criteria_view(change.criteria),
        next=NextStage(stage=change.next.stage, missing=change.next.missing),
        model=model_ref(model),
        source=marketing_source(tally),
    )


def lead_score(profile_id: str, *, stage: str, version: int, worth: Worth, tally: Tally, model: Model) -> LeadScore:
    """The latest score of a lead, as published and as stored for lists."""
    return LeadScore(
        profile_id=profile_id,
        as_of=to_rfc3339(worth.as_of),
        engagement=worth.engagement / MICRO,
        fit=worth.fit / MICRO,
        grade=worth.grade,
        completeness=worth.completeness / MICRO,
        total=worth.total / MICRO,
        temperature=worth.temperature,
        stage=stage,
        flags=flags(tally, model, worth.as_of, worth),
        route=route(stage, worth),
        model=model_ref(model),
        version=version,
    )
