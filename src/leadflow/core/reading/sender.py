"""The little of an event that tells who sent it. Most of an event is about something else and is not decoded here."""

from typing import Any

import msgspec

from leadflow.core.names import event_name
from leadflow.core.reading.event import object_of, read_event, text_of
from leadflow.core.reading.identifiers import CONVERSION_EVENTS, IN_PROPERTIES, Sent, named, sent_in

_ABSENT = msgspec.Raw(b"null")


class _Context(msgspec.Struct, gc=False):
    traits: msgspec.Raw = _ABSENT
    device: Any = None


class SenderFields(msgspec.Struct, rename="camel", gc=False):
    """The parts of an event that may tell who sent it; objects are decoded only where they do."""

    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    event: Any = None
    traits: msgspec.Raw = _ABSENT
    properties: msgspec.Raw = _ABSENT
    context: _Context | None = None


_decode = msgspec.json.Decoder(SenderFields).decode
_decode_any = msgspec.json.Decoder().decode


def read_sent(
    body: bytes | msgspec.Raw, batch_context: bytes | msgspec.Raw, kind: str, in_traits: frozenset[str]
) -> Sent:
    """What `sent_in` finds in an event of the type `kind`, by a shorter way."""
    if bytes(batch_context) != b"null":  # whose context wins is decided key by key
        return sent_in(read_event(body, batch_context, kind), in_traits)
    try:
        return sent_by(_decode(body), kind, in_traits)
    except (ValueError, RecursionError):  # such as a context that is no object: something may still be read
        return sent_in(read_event(body, batch_context, kind), in_traits)


def sent_by(body: SenderFields, kind: str, in_traits: frozenset[str]) -> Sent:
    """What `sent_in` finds in an event that belongs to no batch's context. Raises where an object cannot be decoded."""
    sent = [("user_id", body.user_id), ("anonymous_id", body.anonymous_id)]
    if kind == "alias" and body.previous_id != body.user_id:
        sent.append(("anonymous_id", body.previous_id))
    if body.traits is not _ABSENT and kind != "group":
        sent += named(object_of(_decode_any(body.traits)), in_traits)
    if (context := body.context) is not None and context.traits is not _ABSENT:
        sent += named(object_of(_decode_any(context.traits)), in_traits)
    if body.event is not None and body.properties is not _ABSENT and _converts(body.event):
        sent += named(object_of(_decode_any(body.properties)), IN_PROPERTIES)
    if context is not None and context.device is not None:
        sent.append(("device_id", object_of(context.device).get("id")))
    return sent


def _converts(event: Any) -> bool:
    name = text_of(event)
    return name is not None and event_name(name) in CONVERSION_EVENTS
