"""The envelope around an event's own bytes: together the Touchpoint as it would be encoded."""

from functools import lru_cache

import msgspec

from leadflow.contracts.touchpoint import NO_JSON, Touchpoint
from leadflow.core.touchpoint import Channel, Quality, TouchpointType
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.origin import NO_CONTEXT

_BEGIN = b'{"message_id":'
_TIMES = b'"at":0,"received_at":0,"body":'  # inside of a string its quotes would be escaped
_LONG_CONTEXT = 1024  # bytes; longer ones are not worth remembering

_encode = msgspec.json.Encoder().encode


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What many touchpoints have in common, as text: written once, put around each."""

    before: bytes  # between the message id and the times
    behind: bytes  # the body

    def around(self, raw: bytes, message_id: str, at: int, received_at: int) -> bytes:
        """Encode the Touchpoint with this body. Times are milliseconds since the epoch."""
        times = b'"at":%d,"received_at":%d,"body":' % (at, received_at)
        return b"".join((_BEGIN, _encode(message_id), self.before, times, raw, self.behind))


def envelope_for(delivery: Delivery, context: bytes, kind: TouchpointType, channel: Channel, *, bot: bool) -> Envelope:
    """Return the envelope for events of one kind. `context`: of their batch."""
    ip = delivery.ip if channel == "web" else None
    write = _known if ip is None and len(context) <= _LONG_CONTEXT else _write
    source = delivery.source
    return write(source.name, source.quality, delivery.historical, context, kind, channel, bot, ip)


def _write(  # noqa: PLR0917  # a key: fields of the touchpoint
    source: str,
    quality: Quality | None,
    historical: bool,  # noqa: FBT001
    context: bytes,
    kind: TouchpointType,
    channel: Channel,
    bot: bool,  # noqa: FBT001
    ip: str | None,
) -> Envelope:
    touchpoint = Touchpoint(
        message_id="",
        source=source,
        type=kind,
        at=0,
        received_at=0,
        body=msgspec.Raw(b""),
        context=NO_JSON if context == NO_CONTEXT else msgspec.Raw(context),
        channel=channel,
        quality=quality,
        historical=historical,
        bot=bot,
        ip=ip,
    )
    before, _, behind = _encode(touchpoint).partition(_TIMES)
    return Envelope(before.removeprefix(_BEGIN + b'""'), behind)


_known = lru_cache(maxsize=1024)(_write)
