"""From one event's bytes to its touchpoint, or to the reason why not. The bytes are forwarded as they came."""

from typing import Any, final
from uuid import uuid4

import msgspec

from leadflow.contracts.topics import REJECTED, TOUCHPOINTS
from leadflow.contracts.touchpoint import Rejected
from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.envelope import envelope_for
from leadflow.pipeline.ingest.header import LONGEST_MESSAGE_ID, Header, read_header, text_of
from leadflow.pipeline.ingest.nesting import nested_deeper_than
from leadflow.pipeline.ingest.origin import NO_CONTEXT, Origin, context_over, origin_of, read_origin, sent_by_crawler
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
    if delivery.anonymous_id is None:
        plain = payload.plain or read_plain(raw, len(payload.context), limits)
        header = None if plain is None else plain_header(plain, given_type)
        if plain is not None and header is not None:
            origin = read_origin(bytes(plain.context), payload.context)
            if origin is not None and origin.brackets < limits.max_nesting:
                return _taken(raw, header, origin, payload=payload, delivery=delivery, hasher=hasher)
    return take_fully(raw, given_type, payload, delivery, limits=limits, hasher=hasher)


def take_fully(
    raw: bytes,
    given_type: TouchpointType | None,
    payload: Payload,
    delivery: Delivery,
    *,
    limits: ObserverSettings,
    hasher: Hasher,
) -> Taken | Refusal:
    """Do what `take_event` does, the long way: an event of any shape, or what is wrong with it."""
    fields = read_fields(raw, 0 if payload.context == NO_CONTEXT else len(payload.context), limits)
    if type(fields) is Refusal:
        return fields
    header = read_header(fields, given_type, delivery.anonymous_id)
    if type(header) is Refusal:
        return header
    if delivery.anonymous_id is not None and text_of(fields.get("anonymousId")) is None:
        raw = with_anonymous_id(raw, delivery.anonymous_id)
    origin = origin_of(context_over(fields.get("context") or {}, payload.context))
    return _taken(raw, header, origin, payload=payload, delivery=delivery, hasher=hasher)


def _taken(
    raw: bytes, header: Header, origin: Origin, *, payload: Payload, delivery: Delivery, hasher: Hasher
) -> Taken:
    """Put the envelope around an event."""
    source, received_at = delivery.source, delivery.received_at
    channel = delivery.channel or origin.channel
    bot = sent_by_crawler(channel, origin, delivery.user_agent)
    message_id = header.message_id or str(uuid4())
    envelope = envelope_for(delivery, payload.context, header.type, channel, bot=bot)
    at = event_time(received_at, _sent_at(header, payload, delivery), header.client_at)
    emit = Emit(
        topic=TOUCHPOINTS,
        key=partition_key(header, origin, hasher),
        value=envelope.around(raw, message_id, at, received_at),
        id=f"{source.name}:{message_id}",
        type="dev.leadflow.touchpoint.v1",
    )
    return Taken(emit, header.type, bot)


def _sent_at(header: Header, payload: Payload, delivery: Delivery) -> int | None:
    """Return when the client sent it by its own clock: as the event says, else its batch, else the request."""
    if header.sent_at is not None:
        return header.sent_at
    sent_at = read_instant(payload.sent_at)
    return delivery.sent_at if sent_at is None else sent_at


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
