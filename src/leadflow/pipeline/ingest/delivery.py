"""How a request came: the facts that all of its events share."""

import msgspec

from leadflow.core.touchpoint import Channel
from leadflow.pipeline.ingest.settings import SourceConfig


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Times are milliseconds.

    `channel`: of imports, by their path, and of browsers, by how they send; None: each event tells.
    """

    source: SourceConfig
    received_at: int
    channel: Channel | None = None
    historical: bool = False
    sent_at: int | None = None  # from the SentAt header
    anonymous_id: str | None = None  # from the AnonymousId header
    user_agent: str | None = None
    ip: str | None = None  # set only when it may be stored
