"""The shape of a lead and of its explanation, as answers. Points are numbers with up to six decimals."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

Grade = Literal["A", "B", "C", "D"]
Temperature = Literal["cold", "warm", "hot"]

_SCORE: JsonDict = {"engagement": 55.0, "fit": 40.0, "grade": "A", "completeness": 8.0, "total": 103.0}
LEAD_EXAMPLE: JsonDict = {
    "profile_id": "4b1c0f6a2d9e8b7a6c5d4e3f",
    "stage": "mql",
    "stage_since": "2026-11-21T18:33:16.947Z",
    "temperature": "warm",
    "flags": ["prospect"],
    "route": "sales",
    "score": _SCORE,
    "as_of": "2026-11-21T18:40:00.000Z",
    "source": {"conversion": "Demo Requested", "channel": "google", "campaign": "spring", "medium": "cpc"},
    "model": {"name": "b2b", "version": "3f2a9c"},
    "sequence": 2,
    "owner": "minh",
    "first_touch": {"channel": "direct", "campaign": "webinar", "at": "2026-11-20T08:00:00.000Z"},
    "last_touch": {"channel": "google", "campaign": "spring", "at": "2026-11-21T18:33:16.947Z"},
    "who": {"title": "Giám đốc", "company": "Example Co"},
    "need": "CRM for 40 seats",
    "bant": {"budget": {"met": True, "value": "20k", "evidence": "call", "at": "2026-11-21T18:39:00.000Z"}},
    "override": {
        "stage": "mql",
        "reason": "met at the fair",
        "actor": "minh",
        "expires_at": "2026-12-31T00:00:00.000Z",
        "system": "lead",
    },
    "allowed": ["contact", "accept", "reject", "disqualify", "assign", "consent", "override"],
    "parked": None,
}


class LeadScoreParts(BaseModel):
    """total = max(0, engagement + fit + completeness)."""

    engagement: float
    fit: float
    grade: Grade
    completeness: float
    total: float


class ScoreWithTemperature(LeadScoreParts):
    """A score and how warm it is."""

    temperature: Temperature


class LeadSource(BaseModel):
    """Where the lead came from: the first conversion's campaign, else its referrer's host, else `direct`."""

    conversion: str | None
    channel: str | None
    campaign: str | None
    medium: str | None


class ModelName(BaseModel):
    """The model that scored."""

    name: str
    version: str


class Touch(BaseModel):
    """The first or the latest touchpoint's marketing."""

    channel: str
    campaign: str | None
    at: str


class Who(BaseModel):
    """Who it is, in the words of the lead formula."""

    title: str | None
    company: str | None


class OverrideAnswer(BaseModel):
    """A stage set by hand. `system`: the stage that the system would have given."""

    stage: str
    reason: str | None
    actor: str | None
    expires_at: str | None
    system: str | None


class BantAnswer(BaseModel):
    """One of the four facts, as stated last."""

    met: bool
    value: Any = None
    evidence: str | None = None
    at: str


class ParkedAnswer(BaseModel):
    """A lead that stands still: a record could not be applied, and what came since waits for a repair of the code."""

    profile_id: str = Field(description="The profile of the person that stands still.")
    since: str
    reason: str


class Lead(BaseModel):
    """A lead. A merged profile id answers with the lead that it became part of."""

    model_config = ConfigDict(json_schema_extra={"examples": [LEAD_EXAMPLE]})

    profile_id: str
    stage: str
    stage_since: str
    temperature: Temperature
    flags: list[str]
    route: Literal["sales", "nurture", "none"] = Field(description="Who works on it next.")
    score: LeadScoreParts
    as_of: str = Field(description="The instant of the score: now for one lead, its last change in lists.")
    source: LeadSource
    model: ModelName
    sequence: int = Field(description="How many stage changes it has had.")
    owner: str | None
    first_touch: Touch | None
    last_touch: Touch | None
    who: Who
    need: str | None
    bant: dict[str, BantAnswer]
    override: OverrideAnswer | None
    allowed: list[str] = Field(description="The actions that are legal in this stage.")
    parked: ParkedAnswer | None = Field(default=None, description="Null unless it stands still; see `/parked`.")


class Leads(BaseModel):
    """A page of leads."""

    items: list[Lead]
    next: str
    more: bool


class ContributionAnswer(BaseModel):
    """A rule's share; caps and clamps are items of their own. All shares add up to `total` exactly."""

    rule: str
    count: int
    points: float
    age_s: int | None


class CriterionAnswer(BaseModel):
    """One condition and whether it held."""

    text: str
    met: bool


class NextAnswer(BaseModel):
    """The next stage on the path and what is missing for it; null at its end."""

    stage: str | None
    missing: list[str]


class Explanation(BaseModel):
    """Why a lead stands where it stands, at any past time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "profile_id": LEAD_EXAMPLE["profile_id"],
                    "at": "2026-11-21T18:40:00.000Z",
                    "stage": "mql",
                    "score": {
                        "engagement": 40.0,
                        "fit": 0.0,
                        "grade": "B",
                        "completeness": 0.0,
                        "total": 40.0,
                        "temperature": "warm",
                    },
                    "contributions": [
                        {"rule": "demo_requested", "count": 1, "points": 40.0, "age_s": 400},
                    ],
                    "criteria": [{"text": "a hand-raise with a valid contact", "met": True}],
                    "next": {"stage": "sql", "missing": ["sales accepts the lead"]},
                    "model": LEAD_EXAMPLE["model"],
                }
            ]
        }
    )

    profile_id: str
    at: str
    stage: str
    score: ScoreWithTemperature
    contributions: list[ContributionAnswer]
    criteria: list[CriterionAnswer]
    next: NextAnswer
    model: ModelName
