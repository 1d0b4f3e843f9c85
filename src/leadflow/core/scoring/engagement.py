"""Engagement: decayed points by rule, clamped by group, weighed by the quality of the lead's source.

    engagement(t) = quality(t) · Σ groups clamp( Σ rules Σ buckets  counted · points · 2^(-age / half-life) )

Each rule's sum is exact in units of 2^-96 micro-points and rounded once, to the nearest micro-point; so is the product
with the quality. A rule's share lies within 0.5 micro-points plus 3.6e-9 of its undecayed points of the true value.
"""

from collections.abc import Iterable

from leadflow.core.scoring.buckets import GroupBuckets, RuleBuckets, capped, terms_of
from leadflow.core.scoring.decay import rounded, weight
from leadflow.core.scoring.model import POINT, Model
from leadflow.core.scoring.score import CLAMP, SOURCE_QUALITY, Share
from leadflow.core.scoring.sums import Tally
from leadflow.core.time import HOUR


def engagement_at(groups: tuple[GroupBuckets, ...], tally: Tally, model: Model, as_of: int) -> int:
    """Engagement as of an instant, in micro-points: what `engagement_shares` add up to."""
    total = 0
    for part in groups:
        total += clamped(_group_points(part, as_of), part.group.low, part.group.high)
    return _weighed(total, quality_factor(tally, model, as_of))


def engagement_of(tally: Tally, model: Model, as_of: int) -> int:
    """`engagement_at` for a single instant, without the buckets in between.

    The rules of a group share their half-life, and often their hours: each hour is weighed once.
    """
    terms, now = terms_of(model), as_of // HOUR
    points: dict[int, int] = {}  # by group
    weights: dict[int, dict[int, int]] = {}  # by group and hour
    for rule_id, hours in tally.counts.items():
        term = terms.get(rule_id)
        if term is None:
            continue
        number, half_life, cap, worth = term
        weighed = weights.get(number)
        if weighed is None:
            weighed = weights[number] = {}
            points[number] = 0
        kept: Iterable[tuple[int, int]] = hours.items()
        if cap is not None:
            if len(hours) == 1:  # most rules of most leads
                ((hour, count),) = kept
                kept = ((hour, cap),) if count > cap else kept
            elif sum(hours.values()) > cap:
                kept = capped(hours, cap, model.time_zone)
        exact = 0
        for hour, count in kept:
            known = weighed.get(hour)
            if known is None:  # what starts later weighs nothing yet
                known = weighed[hour] = weight(as_of - hour * HOUR, half_life) if hour <= now else 0
            exact += count * known
        points[number] += rounded(exact * worth)
    total = 0
    for number, sum_of_rules in points.items():
        group = model.groups[number]
        total += clamped(sum_of_rules, group.low, group.high)
    return _weighed(total, quality_factor(tally, model, as_of))


def engagement_shares(
    groups: tuple[GroupBuckets, ...], tally: Tally, model: Model, as_of: int
) -> tuple[int, tuple[Share, ...]]:
    """Engagement as of an instant, and the shares that add up to it."""
    shares: list[Share] = []
    total = 0
    for part in groups:
        parts = [share for rule in part.rules if (share := _share(rule, part.group.half_life, as_of)) is not None]
        points = sum(share.points for share in parts)
        kept = clamped(points, part.group.low, part.group.high)
        shares += [share for share in parts if share.points]
        if kept != points:
            shares.append(Share(CLAMP + part.group.name, 1, kept - points, None))
        total += kept
    engagement = _weighed(total, quality_factor(tally, model, as_of))
    if engagement != total:
        shares.append(Share(SOURCE_QUALITY, 1, engagement - total, None))
    return engagement, tuple(shares)


def _group_points(part: GroupBuckets, as_of: int) -> int:
    """A group's decayed micro-points as of an instant, each rule's rounded. Buckets that start later do not count yet.

    The rules of a group share their half-life, and often their hours: each hour is weighed once.
    """
    half_life = part.group.half_life
    weights: dict[int, int] = {}
    points = 0
    for rule in part.rules:
        exact = 0
        for start, count in rule.buckets:
            if start > as_of:
                break
            known = weights.get(start)
            if known is None:
                known = weights[start] = weight(as_of - start, half_life)
            exact += count * known
        points += rounded(exact * rule.rule.points)
    return points


def clamped(points: int, low: int, high: int) -> int:
    """`points` within `low` … `high`."""
    return low if points < low else min(points, high)


def quality_of(tally: Tally, model: Model, as_of: int) -> str:
    """The worst source quality stated up to and including the first conversion, or up to `as_of` before there is one.

    The model's default (`opt_in`) when none is stated.
    """
    first = tally.conversion
    if first is not None and first.at <= as_of:
        until = (first.at, first.message_id)
        stated = [name for name, moment in tally.qualities.items() if (moment.at, moment.message_id) <= until]
    else:
        stated = [name for name, moment in tally.qualities.items() if moment.at <= as_of]
    known = [name for name in stated if name in model.source_quality]
    return min(known, key=lambda name: (model.source_quality[name], name), default=model.default_quality)


def quality_factor(tally: Tally, model: Model, as_of: int) -> int:
    """What engagement is multiplied by, in millionths."""
    if not tally.qualities:
        return model.source_quality[model.default_quality]
    return model.source_quality[quality_of(tally, model, as_of)]


def _weighed(points: int, factor: int) -> int:
    if factor == POINT:
        return points
    magnitude = (abs(points) * factor + POINT // 2) // POINT
    return magnitude if points >= 0 else -magnitude


def _share(rule: RuleBuckets, half_life: int, as_of: int) -> Share | None:
    exact = counted = newest = 0
    for start, count in rule.buckets:
        if start > as_of:
            break
        exact += count * weight(as_of - start, half_life)
        counted += count
        newest = start
    if not counted:
        return None
    return Share(rule.rule.id, counted, rounded(exact * rule.rule.points), as_of - newest)
