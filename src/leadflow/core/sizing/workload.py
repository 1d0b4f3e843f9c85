"""What is to be carried, as people say it, and the rates that follow from it."""

from dataclasses import dataclass, fields
from typing import Literal

Availability = Literal["none", "pods", "servers"]
AVAILABILITIES: tuple[Availability, ...] = ("none", "pods", "servers")
SECONDS_PER_DAY = 86_400
DAYS_PER_MONTH = 30
RETENTION_DAYS = 7
"""LEADFLOW_RETENTION_DAYS as shipped."""

MOST_PROFILES = 1_000_000_000

_BOUNDS: dict[str, tuple[float, float]] = {
    "profiles": (1, MOST_PROFILES),
    "touchpoints_per_month": (0.1, 10_000),
    "peak_factor": (1, 100),
    "retention_days": (1, 365),
    "history_months": (1, 120),
    "batched_share": (0, 1),
}


class SizingError(ValueError):
    """The workload is none, or cannot be carried: the message names the input and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`availability`: what may be lost without a pause: nothing, a pod (or broker), or a database server too.

    `touchpoints_per_month` of a profile, all profiles counted; `peak_factor`: the busiest minutes by the mean;
    `retention_days` of the log, `history_months` of touchpoints in the store; `batched_share` of the touchpoints come
    in batches, the rest one a request. SizingError for what is none.
    """

    profiles: int
    touchpoints_per_month: float = 30.0
    peak_factor: float = 6.0
    retention_days: int = RETENTION_DAYS
    history_months: int = 6
    batched_share: float = 0.5
    batch: int = 20
    availability: Availability = "pods"

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in _BOUNDS:
                least, most = _BOUNDS[field.name]
                value = getattr(self, field.name)
                if not least <= value <= most:
                    raise SizingError(f"{option(field.name)}: {value:,g} is not from {least:,g} to {most:,g}")
        if self.batch < 1:
            raise SizingError(f"{option('batch')}: {self.batch} touchpoints are no batch: 1 or more")
        if self.availability not in AVAILABILITIES:
            raise SizingError(f"{option('availability')}: {self.availability!r} is none of {', '.join(AVAILABILITIES)}")

    @property
    def mean(self) -> float:
        """Touchpoints a second, over the month."""
        return self.profiles * self.touchpoints_per_month / (DAYS_PER_MONTH * SECONDS_PER_DAY)

    @property
    def peak(self) -> float:
        """Touchpoints a second, in the busiest minutes."""
        return self.mean * self.peak_factor

    @property
    def peak_requests(self) -> float:
        """Requests a second at the peak."""
        return self.peak * (1 - self.batched_share + self.batched_share / self.batch)

    @property
    def history(self) -> float:
        """Touchpoints that the store keeps."""
        return self.profiles * self.touchpoints_per_month * self.history_months


def option(field: str) -> str:
    """Name a field as the command line does."""
    return f"--{field.replace('_', '-')}"
