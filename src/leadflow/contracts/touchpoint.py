"""Topic `touchpoints`: what an observer accepted, and what it or a later hop refused."""

from typing import Literal

import msgspec

from leadflow.core.touchpoint import Channel, Quality, TouchpointType

NO_JSON = msgspec.Raw(b"null")


class Touchpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing that somebody did: the observer's envelope around the client's own bytes.

    Times are milliseconds since the epoch, UTC. `message_id` is unique per `source` (the name of the write key).
    """

    message_id: str
    source: str
    type: TouchpointType
    at: int
    received_at: int
    body: msgspec.Raw
    context: msgspec.Raw = NO_JSON  # of the batch; each event's own `context` wins over it, key by key
    channel: Channel = "server"
    quality: Quality | None = None  # of the write key, when configured
    historical: bool = False
    bot: bool = False
    ip: str | None = None
    target: str | None = None  # actions only: the profile that sales acted on
    repair: int = 0  # how often it was sent again after a rejection


class Rejected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Topic `rejected`: the raw bytes, where they were refused and why. Kept for 7 days."""

    source: str
    hop: Literal["observer", "processor", "scoring"]
    code: str
    reason: str
    at: int
    body: str  # UTF-8; bytes that are not are written as U+FFFD
    message_id: str | None = None
    repair: int = 0
