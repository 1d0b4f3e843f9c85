"""The envelope around an event's own bytes: together the Touchpoint as it would be encoded."""

from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from leadflow.contracts.touchpoint import NO_JSON, Touchpoint
from leadflow.core.touchpoint import Channel, Quality, TouchpointType
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.origin import NO_CONTEXT

_BEGIN = b'{"message_id":'
_LONG_CONTEXT = 1024  # bytes; longer ones are not worth remembering

_encode = msgspec.json.Encoder().encode


class Envelope(NamedTuple):
    """What is the same for many touchpoints, as text: up to the time of the event, and behind its body."""

    before: bytes
    behind: bytes


class Envelopes(dict[tuple[TouchpointType, Channel, bool], Envelope]):
    """Envelopes by type, channel and whether a crawler sent it; each is written when it is first asked for."""

    def __init__(
        self, source: str, quality: Quality | None, context: bytes, *, historical: bool, ip: str | None = None
    ) -> None:
        """`context`: of the batch."""
        super().__init__()
        self._touchpoint = Touchpoint(
            message_id="",
            source=source,
            type="track",
            at=0,
            received_at=0,
            body=msgspec.Raw(b""),
            context=NO_JSON if context == NO_CONTEXT else msgspec.Raw(context),
            quality=quality,
            historical=historical,
            ip=ip,
        )

    def __missing__(self, key: tuple[TouchpointType, Channel, bool]) -> Envelope:
        """Write it."""
        kind, channel, bot = key
        ip = self._touchpoint.ip if channel == "web" else None
        text = _encode(replace(self._touchpoint, type=kind, channel=channel, bot=bot, ip=ip))
        before, _, behind = text.removeprefix(_BEGIN + b'""').partition(b"0" + received_part(0))
        self[key] = Envelope(before, behind)
        return self[key]


def received_part(received_at: int) -> bytes:
    """Write what stands between the time of an event and its body. No string holds it: its quotes would be escaped."""
    return b',"received_at":%d,"body":' % received_at


def enclosed(raw: bytes | msgspec.Raw, envelope: Envelope, message_id: str, at: int, received: bytes) -> bytes:
    """Encode the Touchpoint with this body. `received`: as `received_part` writes it."""
    return b"".join((_BEGIN, _encode(message_id), envelope[0], _encode(at), received, raw, envelope[1]))


def envelopes_for(delivery: Delivery, context: bytes) -> Envelopes:
    """Return the envelopes for a request; `context`: of its batch. Not kept with an address, which is somebody's."""
    source, historical = delivery.source, delivery.historical
    if delivery.ip is not None or len(context) > _LONG_CONTEXT:
        return Envelopes(source.name, source.quality, context, historical=historical, ip=delivery.ip)
    return _known(source.name, source.quality, context, historical=historical)


_known = lru_cache(maxsize=256)(Envelopes)
