"""From one event's bytes to its touchpoint, or to the reason why not. The bytes are forwarded as they came."""

from typing import Any, final
from uuid import uuid4

import msgspec

from leadflow.contracts.topics import REJECTED, TOUCHPOINTS
from leadflow.contracts.touchpoint import Rejected, Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.header import LONGEST_MESSAGE_ID, Header, read_header, text_of
from leadflow.pipeline.ingest.nesting import nested_deeper_than
from leadflow.pipeline.ingest.origin import Context, channel_of, context_over, sent_by_crawler
from leadflow.pipeline.ingest.partition import partition_key
from leadflow.pipeline.ingest.payload import TOO_DEEP, Payload, event_too_large, placed
from leadflow.pipeline.ingest.plain import plain_header, read_plain
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.pipeline.ingest.times import event_time, read_instant
from leadflow.ports import Emit

_REJECTED_TIMES = 4
"""A rejected body is kept up to this many times the event limit, so that no record outgrows what a log takes."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read_fields(raw: bytes, shared: int, limits: ObserverSettings) -> dict[str, Any] | Refusal:
    """Decode an event whole, once: what this decoder cannot read (a number like 1e400) would stop every later hop.

    `shared`: bytes of the batch's context, which each event carries and therefore answers for.
    """
    if len(raw) + shared > limits.max_event_bytes:
        return event_too_large(len(raw) + shared, limits)
    if nested_deeper_than(limits.max_nesting, raw):
        return Refusal(400, "nested_too_deeply", TOO_DEEP.format(limits.max_nesting))
    try:
        fields = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Refusal(400, "malformed_json", f"the event cannot be read: {placed(error, raw)}")
    if not isinstance(fields, dict):
        return Refusal(400, "invalid_event", f"an event must be an object, not {type(fields).__name__}")
    return fields


def with_anonymous_id(raw: bytes, anonymous_id: str) -> bytes:
    """Write an id into an event that has none. As the last member it wins over a null before it."""
    head = raw.rstrip()[:-1].rstrip()
    return head + (b"" if head == b"{" else b",") + b'"anonymousId":' + _encode(anonymous_id) + b"}"


@final
class Taken(msgspec.Struct, frozen=True, gc=False):
    """An event that will be a touchpoint, as the record to be written."""

    emit: Emit
    type: TouchpointType
    bot: bool


def take_event(
    raw: bytes,
    given_type: TouchpointType | None,
    payload: Payload,
    delivery: Delivery,
    *,
    limits: ObserverSettings,
    hasher: Hasher,
) -> Taken | Refusal:
    """Decode, check and wrap one event. `given_type`, which the path states, wins over the event's own."""
    shared = len(bytes(payload.context)) if payload.context_fields else 0
    plain = payload.plain or read_plain(raw, shared, limits)
    header = plain_header(plain, given_type) if plain and delivery.anonymous_id is None else None
    if header is None:
        fields = read_fields(raw, shared, limits)
        if type(fields) is Refusal:
            return fields
        full = read_header(fields, given_type, delivery.anonymous_id)
        if type(full) is Refusal:
            return full
        header = full
        if delivery.anonymous_id is not None and text_of(fields.get("anonymousId")) is None:
            raw = with_anonymous_id(raw, delivery.anonymous_id)
    context = context_over(header.context, payload.context_fields)
    touchpoint = make_touchpoint(raw, header, context, payload, delivery)
    emit = Emit(
        topic=TOUCHPOINTS,
        key=partition_key(header, context, hasher),
        value=_encode(touchpoint),
        id=f"{touchpoint.source}:{touchpoint.message_id}",
        type="dev.leadflow.touchpoint.v1",
    )
    return Taken(emit, touchpoint.type, touchpoint.bot)


def make_touchpoint(raw: bytes, header: Header, context: Context, payload: Payload, delivery: Delivery) -> Touchpoint:
    """Put the envelope around an event."""
    channel = delivery.channel or channel_of(context)
    sent_at = header.sent_at
    if sent_at is None:
        sent_at = read_instant(payload.sent_at)
    if sent_at is None:
        sent_at = delivery.sent_at
    return Touchpoint(
        message_id=header.message_id or str(uuid4()),
        source=delivery.source.name,
        type=header.type,
        at=event_time(delivery.received_at, sent_at, header.client_at),
        received_at=delivery.received_at,
        body=msgspec.Raw(raw),
        context=payload.context,
        channel=channel,
        quality=delivery.source.quality,
        historical=delivery.historical,
        bot=sent_by_crawler(channel, context, delivery.user_agent),
        ip=delivery.ip if channel == "web" else None,
    )


def reject_event(raw: bytes, why: Refusal, delivery: Delivery, limits: ObserverSettings) -> Emit:
    """Make the record of an event that was refused, with its bytes."""
    message_id = _message_id(raw)
    rejected = Rejected(
        source=delivery.source.name,
        hop="observer",
        code=why.code,
        reason=why.message,
        at=delivery.received_at,
        body=raw[: _REJECTED_TIMES * limits.max_event_bytes].decode("utf-8", "replace"),
        message_id=message_id,
    )
    return Emit(
        topic=REJECTED,
        key=rejected.source,
        value=_encode(rejected),
        id=f"{rejected.source}:{message_id or uuid4()}",
        type="dev.leadflow.rejected.v1",
    )


class _MessageId(msgspec.Struct):
    """The one field that a receipt needs."""

    messageId: Any = None  # noqa: N815  # as on the wire


_message_ids = msgspec.json.Decoder(_MessageId)


def _message_id(raw: bytes) -> str | None:
    """Read the message id of an event that may be broken elsewhere; None if it cannot be read or is no good."""
    try:
        found = text_of(_message_ids.decode(raw).messageId)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if found is not None and len(found) <= LONGEST_MESSAGE_ID else None
