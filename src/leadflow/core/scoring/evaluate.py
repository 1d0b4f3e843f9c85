"""The score: a pure function of a tally, a model and an instant."""

from leadflow.core.scoring.buckets import GroupBuckets, counted, first_start
from leadflow.core.scoring.engagement import engagement_at, engagement_shares
from leadflow.core.scoring.fit import completeness_share, fit_shares, grade_of
from leadflow.core.scoring.model import Grade, Model
from leadflow.core.scoring.score import FLOOR, Score, Share, Temperature, Worth
from leadflow.core.scoring.sums import Tally
from leadflow.core.scoring.temperature import decides, next_temperature, temperature_at

__all__ = ["Grade", "Score", "Share", "Temperature", "Worth", "appraise", "evaluate"]


def evaluate(tally: Tally, model: Model, as_of: int) -> Score:
    """The score as of an instant (ms). Its contributions add up to `total` exactly.

    Only hour buckets that start by `as_of` count; facts count whenever they were stated.
    """
    groups = counted(tally, model)
    engagement, shares = engagement_shares(groups, tally, model, as_of)
    fit, fit_parts = fit_shares(tally, model)
    completeness, completeness_parts = completeness_share(tally, model)
    sum_of_parts = engagement + fit + completeness
    floor = (Share(FLOOR, 1, -sum_of_parts, None),) if sum_of_parts < 0 else ()
    return Score(
        as_of=as_of,
        engagement=engagement,
        fit=fit,
        completeness=completeness,
        total=max(0, sum_of_parts),
        grade=grade_of(fit, model),
        temperature=_temperature(groups, tally, model, as_of, engagement),
        contributions=(*shares, *fit_parts, *completeness_parts, *floor),
    )


def appraise(tally: Tally, model: Model, as_of: int) -> Worth:
    """`evaluate` without the shares: all that most touchpoints need."""
    groups = counted(tally, model)
    engagement = engagement_at(groups, tally, model, as_of)
    fit, _ = fit_shares(tally, model)
    completeness, _ = completeness_share(tally, model)
    return Worth(
        as_of=as_of,
        engagement=engagement,
        fit=fit,
        completeness=completeness,
        total=max(0, engagement + fit + completeness),
        grade=grade_of(fit, model),
        temperature=_temperature(groups, tally, model, as_of, engagement),
    )


def _temperature(
    groups: tuple[GroupBuckets, ...], tally: Tally, model: Model, as_of: int, engagement: int
) -> Temperature:
    """The temperature as of an instant with that engagement; most engagements decide alone."""
    limits = model.temperatures
    if decides(engagement, limits):
        return next_temperature("cold", engagement, limits)
    return temperature_at(
        lambda instant: engagement if instant == as_of else engagement_at(groups, tally, model, instant),
        first_start(groups),
        as_of,
        limits,
    )
