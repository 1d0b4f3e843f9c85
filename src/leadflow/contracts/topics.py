"""The topics by their logical names; adapters put the configured prefix before them."""

from typing import Literal

import msgspec

TOUCHPOINTS = "touchpoints"
IDENTITY = "identity"
RESOLVED = "resolved"
LEAD_SCORES = "lead-scores"
STAGE_CHANGES = "stage-changes"
LEAD_ALERTS = "lead-alerts"
REJECTED = "rejected"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """How a topic is kept: `partitions` None means the configured number, `retention_days` None means for ever."""

    name: str
    partitions: int | None = None
    cleanup: Literal["delete", "compact"] = "delete"
    retention_days: int | None = 7


TOPICS: tuple[Topic, ...] = (
    Topic(name=TOUCHPOINTS),
    Topic(name=IDENTITY, partitions=1),
    Topic(name=RESOLVED),
    Topic(name=LEAD_SCORES, cleanup="compact", retention_days=None),
    Topic(name=STAGE_CHANGES, retention_days=90),
    Topic(name=LEAD_ALERTS, retention_days=30),
    Topic(name=REJECTED),
)
