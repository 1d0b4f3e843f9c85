"""A score and what it is made of. Points are integer micro-points, times milliseconds."""

from typing import Literal

import msgspec

from leadflow.core.scoring.model import Grade

Temperature = Literal["cold", "warm", "hot"]

COMPLETENESS = "completeness"
SOURCE_QUALITY = "source_quality"
FLOOR = "floor"
CLAMP = "clamp:"
RESERVED = frozenset({COMPLETENESS, SOURCE_QUALITY, FLOOR})
"""Items of an explanation that are no rules; rules may not bear their names."""


class Share(msgspec.Struct, frozen=True, gc=False):
    """What a rule gives to the score. `count` is what the caps left, `age_ms` of the newest bucket; None: no decay."""

    rule: str
    count: int
    points: int
    age_ms: int | None


class Worth(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a lead is worth as of an instant. `engagement` is after source quality."""

    as_of: int
    engagement: int
    fit: int
    completeness: int
    total: int
    grade: Grade
    temperature: Temperature


class Score(Worth, frozen=True, kw_only=True, gc=False):
    """What a lead is worth, and why: the shares add up to `total` exactly."""

    contributions: tuple[Share, ...]
