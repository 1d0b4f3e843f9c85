"""Topics `lead-scores`, `stage-changes` and `lead-alerts`: the public contract. No e-mail, phone or name in any.

Times are RFC 3339 in UTC. Points are JSON numbers with up to six decimals: integer micro-points behind the scenes.
"""

from typing import Literal

import msgspec

Temperature = Literal["cold", "warm", "hot"]
Grade = Literal["A", "B", "C", "D"]
Route = Literal["sales", "nurture", "none"]


class ModelRef(msgspec.Struct, frozen=True, gc=False):
    """The scoring model that was in force."""

    name: str
    version: str


class ScoreView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A score in points."""

    engagement: float
    fit: float
    grade: Grade
    completeness: float
    total: float
    temperature: Temperature


class LeadScore(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The latest score of a lead. `version` rises with every change of the lead."""

    profile_id: str
    as_of: str
    engagement: float
    fit: float
    grade: Grade
    completeness: float
    total: float
    temperature: Temperature
    stage: str
    flags: tuple[str, ...]
    route: Route
    model: ModelRef
    version: int


class Contribution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule's share of the score; all shares add up to `total` exactly. `age_s` is null where nothing ages."""

    rule: str
    count: int
    points: float
    age_s: int | None


class Criterion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One condition of a stage, in words, and whether it held."""

    text: str
    met: bool


class NextStage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is missing for the next stage; `stage` is null at the end of the path."""

    stage: str | None
    missing: tuple[str, ...]


class ChangeTrigger(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The message and the rule (or action, or `merge`, `unmerge`) behind a change."""

    message_id: str
    rule: str


class MarketingSource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the lead came from: its first conversion and that touchpoint's campaign."""

    conversion: str | None
    channel: str | None
    campaign: str | None
    medium: str | None = None


class StageChanged(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}, gc=False):
    """A lead moved. `id` is deterministic, `sequence` counts 1, 2, 3 ... per profile without holes."""

    id: str
    profile_id: str
    sequence: int
    from_: str
    to: str
    at: str
    decided_at: str
    trigger: ChangeTrigger
    score: ScoreView
    contributions: tuple[Contribution, ...]
    criteria: tuple[Criterion, ...]
    next: NextStage
    model: ModelRef
    source: MarketingSource


class LeadAlert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An SLA warning or breach, or a neglected opportunity. Published from the scoring issue on."""

    id: str
    profile_id: str
    kind: Literal["sla_warning", "sla_breached", "neglected"]
    at: str
    stage: str
    owner: str | None
