"""The score: a pure function of a tally, a model and an instant."""

from collections.abc import Callable

from leadflow.core.scoring.buckets import GroupBuckets, counted, first_start
from leadflow.core.scoring.engagement import engagement_at, engagement_of, engagement_shares
from leadflow.core.scoring.fit import known_of
from leadflow.core.scoring.model import Grade, Model
from leadflow.core.scoring.score import FLOOR, Score, Share, Temperature, Worth
from leadflow.core.scoring.sums import Tally
from leadflow.core.scoring.temperature import decided, temperature_at

__all__ = ["Grade", "Score", "Share", "Temperature", "Worth", "appraise", "evaluate"]


def evaluate(tally: Tally, model: Model, as_of: int) -> Score:
    """The score as of an instant (ms). Its contributions add up to `total` exactly.

    Only hour buckets that start by `as_of` count; facts count whenever they were stated.
    """
    groups = counted(tally, model)
    engagement, shares = engagement_shares(groups, tally, model, as_of)
    known = known_of(tally, model)
    sum_of_parts = engagement + known.fit + known.completeness
    floor = (Share(FLOOR, 1, -sum_of_parts, None),) if sum_of_parts < 0 else ()
    return Score(
        as_of=as_of,
        engagement=engagement,
        fit=known.fit,
        completeness=known.completeness,
        total=max(0, sum_of_parts),
        grade=known.grade,
        temperature=_temperature(tally, model, as_of, engagement),
        contributions=(*shares, *known.fit_shares, *known.completeness_shares, *floor),
    )


def appraise(tally: Tally, model: Model, as_of: int) -> Worth:
    """`evaluate` without the shares: all that most touchpoints need."""
    engagement = engagement_of(tally, model, as_of)
    known = known_of(tally, model)
    return Worth(
        as_of=as_of,
        engagement=engagement,
        fit=known.fit,
        completeness=known.completeness,
        total=max(0, engagement + known.fit + known.completeness),
        grade=known.grade,
        temperature=_temperature(tally, model, as_of, engagement),
    )


def _temperature(tally: Tally, model: Model, as_of: int, engagement: int) -> Temperature:
    """The temperature as of an instant with that engagement; most engagements decide alone."""
    limits = model.temperatures
    alone = decided(engagement, limits)
    if alone is not None:
        return alone
    return temperature_at(_engagements(tally, model, as_of, engagement), first_start(tally, model), as_of, limits)


def _engagements(tally: Tally, model: Model, as_of: int, engagement: int) -> Callable[[int], int]:
    """The engagement at any instant. Mostly one more is asked for: buckets pay from the next one on."""
    groups: tuple[GroupBuckets, ...] | None = None
    asked = 0

    def at(instant: int) -> int:
        nonlocal asked, groups
        if instant == as_of:
            return engagement
        asked += 1
        if asked == 1:
            return engagement_of(tally, model, instant)
        groups = groups if groups is not None else counted(tally, model)
        return engagement_at(groups, tally, model, instant)

    return at
