"""What the caps leave of a tally's counts: hour buckets that count, in order of time.

A cap takes the earliest first, so what comes later never changes what an earlier bucket counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from zoneinfo import ZoneInfo

import msgspec

from leadflow.core.scoring.model import Group, Model, Rule
from leadflow.core.scoring.sums import Tally
from leadflow.core.time import HOUR

HOURS_A_DAY = 24
_EARLIEST, _LATEST = -17_000_000, 70_000_000  # hours from 1970 that lie well within the years 1 to 9999


class RuleBuckets(msgspec.Struct, frozen=True, gc=False):
    """A rule's buckets, oldest first: (start in ms, how many count)."""

    rule: Rule
    buckets: tuple[tuple[int, int], ...]


class GroupBuckets(msgspec.Struct, frozen=True, gc=False):
    """A group's rules that have any bucket."""

    group: Group
    rules: tuple[RuleBuckets, ...]


def counted(tally: Tally, model: Model) -> tuple[GroupBuckets, ...]:
    """The buckets of a tally after caps, in the order of the model's groups and rules; unknown rules are left out."""
    places = places_of(model)
    found = [(*places[rule], hours) for rule, hours in tally.counts.items() if rule in places]
    found.sort(key=_place)
    groups: dict[int, list[RuleBuckets]] = {}
    for number, _, rule, hours in found:
        buckets = RuleBuckets(rule, buckets_of(hours, rule, model.time_zone))
        if number in groups:
            groups[number].append(buckets)
        else:
            groups[number] = [buckets]
    return tuple([GroupBuckets(model.groups[number], tuple(rules)) for number, rules in groups.items()])


_place = itemgetter(0, 1)


def first_start(tally: Tally, model: Model) -> int | None:
    """The start of the oldest bucket, in ms: caps take the earliest first, so it always counts."""
    places = places_of(model)
    first = min((min(hours) for rule, hours in tally.counts.items() if rule in places), default=None)
    return None if first is None else first * HOUR


@lru_cache(maxsize=16)
def places_of(model: Model) -> Mapping[str, tuple[int, int, Rule]]:
    """Rule id -> (number of its group, its number in there, the rule)."""
    return {
        rule.id: (number, order, rule)
        for number, group in enumerate(model.groups)
        for order, rule in enumerate(group.rules)
    }


@lru_cache(maxsize=16)
def terms_of(model: Model) -> Mapping[str, tuple[int, int, int | None, int]]:
    """Rule id -> (number of its group, that one's half-life, the rule's cap, its points): what a sum is made of."""
    return {
        rule.id: (number, group.half_life, rule.cap, rule.points)
        for number, group in enumerate(model.groups)
        for rule in group.rules
    }


def buckets_of(hours: Mapping[int, int], rule: Rule, time_zone: str) -> tuple[tuple[int, int], ...]:
    """A rule's buckets, oldest first: (start in ms, how many count)."""
    if len(hours) == 1:  # most rules of most leads
        ((hour, count),) = hours.items()
        return ((hour * HOUR, count if rule.cap is None else min(count, rule.cap)),)
    return tuple([(hour * HOUR, count) for hour, count in capped(hours, rule.cap, time_zone)])


def capped(hours: Mapping[int, int], cap: int | None, time_zone: str) -> list[tuple[int, int]]:
    """What a rule's cap leaves of its (hour, count), oldest first."""
    if cap is None:
        return sorted(hours.items())
    if len(hours) == 1:
        return [(hour, min(count, cap)) for hour, count in hours.items()]
    kept, today, left = [], None, cap
    for hour, count in sorted(hours.items()):
        day = day_of(hour, time_zone)
        if day != today:
            today, left = day, cap
        counts = min(count, left)
        left -= counts
        if counts:
            kept.append((hour, counts))
    return kept


@lru_cache(maxsize=65_536)
def day_of(hour: int, time_zone: str) -> int:
    """The number of the local day on which a UTC hour starts. Far off the calendar days are UTC's."""
    if not _EARLIEST < hour < _LATEST:
        return hour // HOURS_A_DAY
    return datetime.fromtimestamp(hour * 3_600, UTC).astimezone(ZoneInfo(time_zone)).toordinal()
