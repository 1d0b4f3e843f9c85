"""What sales may say about a lead, one shape per action; together they are the body of `POST …/actions`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from leadflow.core.time import from_datetime, to_rfc3339

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    actor: Name = Field(default="api", description="Who did it; recorded with the action.")
    note: Text | None = None

    def fields(self) -> dict[str, Any]:
        """What the touchpoint carries beside `action` and `actor`: the fields that were given."""
        given = self.model_dump(mode="json", exclude={"type", "actor"}, exclude_none=True)
        return {name: _as_instant(getattr(self, name), value) for name, value in given.items()}


def _as_instant(value: Any, written: Any) -> Any:
    return to_rfc3339(from_datetime(value)) if isinstance(value, datetime) else written


class Contact(_Action):
    """Somebody called, wrote or met the person. Stops the SLA."""

    type: Literal["contact"]
    channel: Name | None = Field(default=None, examples=["phone"])
    outcome: Name | None = Field(default=None, examples=["conversation"], description="`no_answer`, `wrong_number`, …")


class Accept(_Action):
    """Sales takes the lead: mql → sql."""

    type: Literal["accept"]


class Reject(_Action):
    """Not now: → recycled."""

    type: Literal["reject"]
    reason: Text | None = None


class Disqualify(_Action):
    """Never: → disqualified."""

    type: Literal["disqualify"]
    reason: Text | None = None


class BantFact(BaseModel):
    """One of the four facts; stated without `met`, it is met."""

    model_config = ConfigDict(extra="forbid")

    met: bool = True
    value: Any = None
    evidence: Text | None = None


class Bant(_Action):
    """Budget, authority, need, timing; together or one by one. All four met: → opportunity."""

    type: Literal["bant"]
    budget: BantFact | None = None
    authority: BantFact | None = None
    need: BantFact | None = None
    timing: BantFact | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Bant":
        if not any((self.budget, self.authority, self.need, self.timing)):
            raise ValueError('give at least one of budget, authority, need, timing, e.g. {"budget": {"met": true}}')
        return self


class Won(_Action):
    """The deal is closed: → customer."""

    type: Literal["won"]
    revenue: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Lost(_Action):
    """The deal is gone: → lost."""

    type: Literal["lost"]
    reason: Text | None = None


class Assign(_Action):
    """Who takes care of the lead."""

    type: Literal["assign"]
    owner: Name


class Consent(_Action):
    """What the person told sales about being contacted."""

    type: Literal["consent"]
    channel: Literal["email", "sms", "push", "ads", "phone"]
    granted: bool
    source: Text | None = Field(default=None, examples=["call of 21 November"])


class Override(_Action):
    """Put the lead into a stage by hand. What the system would have done is kept, and returns at `expires_at`."""

    type: Literal["override"]
    stage: Name
    reason: Text | None = None
    expires_at: AwareDatetime | None = None


class Reopen(_Action):
    """Back from recycled, disqualified or lost: → lead."""

    type: Literal["reopen"]


ActionBody = Annotated[
    Contact | Accept | Reject | Disqualify | Bant | Won | Lost | Assign | Consent | Override | Reopen,
    Field(discriminator="type"),
]
