"""How a request came: the facts that all of its events share."""

import msgspec

from leadflow.pipeline.ingest.settings import SourceConfig


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """`web`: a browser delivered it (Origin header, pixel, beacon, AnonymousId header). Times are milliseconds."""

    source: SourceConfig
    received_at: int
    web: bool = False
    historical: bool = False
    sent_at: int | None = None  # from the SentAt header
    anonymous_id: str | None = None  # from the AnonymousId header
    user_agent: str | None = None
    ip: str | None = None  # set only when it may be stored
