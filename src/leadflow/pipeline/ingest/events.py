"""From one event's bytes to its touchpoint, or to the reason why not. The bytes are forwarded as they came."""

from typing import Any, final
from uuid import uuid4

import msgspec

from leadflow.contracts.topics import REJECTED, TOUCHPOINTS
from leadflow.contracts.touchpoint import Rejected
from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.envelope import Envelopes, enclosed, envelopes_for, received_part
from leadflow.pipeline.ingest.header import LONGEST_MESSAGE_ID, Header, read_header, text_of
from leadflow.pipeline.ingest.nesting import nested_deeper_than
from leadflow.pipeline.ingest.origin import NO_CONTEXT, Origin, context_over, origin_of, read_origin, sent_by_crawler
from leadflow.pipeline.ingest.partition import partition_key
from leadflow.pipeline.ingest.payload import TOO_DEEP, Payload, event_too_large, placed
from leadflow.pipeline.ingest.plain import Plain, plain_header, read_plain
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


class Shared(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the events of one request have in common: found out once for all of them.

    `type`: as the path states it. `context`: of the batch. `sent_at`: of those events that do not say, in milliseconds.
    """

    type: TouchpointType | None
    delivery: Delivery
    context: bytes
    sent_at: int | None
    envelopes: Envelopes
    received: bytes
    limits: ObserverSettings
    hasher: Hasher


def shared_by(
    payload: Payload,
    given_type: TouchpointType | None,
    delivery: Delivery,
    *,
    limits: ObserverSettings,
    hasher: Hasher,
) -> Shared:
    """Find out what the events of a payload have in common."""
    sent_at = read_instant(payload.sent_at)
    return Shared(
        type=given_type,
        delivery=delivery,
        context=payload.context,
        sent_at=delivery.sent_at if sent_at is None else sent_at,
        envelopes=envelopes_for(delivery, payload.context),
        received=received_part(delivery.received_at),
        limits=limits,
        hasher=hasher,
    )


def take_event(raw: bytes | msgspec.Raw, shared: Shared, plain: Plain | None = None) -> Taken | Refusal:
    """Decode, check and wrap one event. `plain`: it has been decoded already."""
    if shared.delivery.anonymous_id is not None:
        return take_fully(bytes(raw), shared)
    if plain is None:
        plain = read_plain(raw, len(shared.context), shared.limits)
    header = None if plain is None else plain_header(plain, shared.type)
    if plain is None or header is None:
        return take_fully(bytes(raw), shared)
    origin = read_origin(bytes(plain.context), shared.context)
    if origin is None or origin.brackets >= shared.limits.max_nesting:
        return take_fully(bytes(raw), shared)
    return _taken(raw, header, origin, shared)


def take_fully(raw: bytes, shared: Shared) -> Taken | Refusal:
    """Do what `take_event` does, the long way: an event of any shape, or what is wrong with it."""
    common = 0 if shared.context == NO_CONTEXT else len(shared.context)
    fields = read_fields(raw, common, shared.limits)
    if type(fields) is Refusal:
        return fields
    anonymous_id = shared.delivery.anonymous_id
    header = read_header(fields, shared.type, anonymous_id)
    if type(header) is Refusal:
        return header
    if anonymous_id is not None and text_of(fields.get("anonymousId")) is None:
        raw = with_anonymous_id(raw, anonymous_id)
    return _taken(raw, header, origin_of(context_over(fields.get("context") or {}, shared.context)), shared)


def _taken(raw: bytes | msgspec.Raw, header: Header, origin: Origin, shared: Shared) -> Taken:
    """Put the envelope around an event."""
    delivery, kind = shared.delivery, header.type
    channel = delivery.channel or origin.channel
    bot = sent_by_crawler(channel, origin, delivery.user_agent)
    sent_at = shared.sent_at if header.sent_at is None else header.sent_at
    at = event_time(delivery.received_at, sent_at, header.client_at)
    message_id = header.message_id or str(uuid4())
    emit = Emit(
        topic=TOUCHPOINTS,
        key=partition_key(header, origin, shared.hasher),
        value=enclosed(raw, shared.envelopes[kind, channel, bot], message_id, at, shared.received),
        id=f"{delivery.source.name}:{message_id}",
        type="dev.leadflow.touchpoint.v1",
    )
    return Taken(emit, kind, bot)


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
