"""What is known of a touchpoint besides its event."""

import msgspec

from leadflow.core.touchpoint import Identifier, Quality, TouchpointType


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Times are milliseconds since the epoch.

    `quality` is the write key's and gives way to the event's own; `contacts` are the e-mails and phones that identity
    kept for this touchpoint.
    """

    kind: TouchpointType
    message_id: str
    source: str
    at: int
    received_at: int
    quality: Quality | None = None
    contacts: tuple[Identifier, ...] = ()
    historical: bool = False
    bot: bool = False
