"""The little of an event that tells who sent it. Most of an event is about something else and is not decoded here."""

from typing import Any

import msgspec

from leadflow.core.reading.event import Event, object_of, read_event


class _Context(msgspec.Struct):
    traits: Any = None
    device: Any = None


class _Body(msgspec.Struct, rename="camel"):
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    event: Any = None
    traits: Any = None
    properties: Any = None
    context: _Context | None = None


_decode = msgspec.json.Decoder(_Body).decode
_NOTHING = _Context()
_NULL = b"null"


def read_sender(body: bytes | msgspec.Raw, batch_context: bytes | msgspec.Raw, kind: str) -> Event:
    """An event of the type `kind` as `read_event` gives it, as far as `read_identifiers` looks at it."""
    if bytes(batch_context) != _NULL:  # whose context wins is decided key by key
        return read_event(body, batch_context, kind)
    try:
        sent = _decode(body)
    except (
        ValueError,
        RecursionError,
    ):  # such as a context that is no object: whatever was sent, something may be read
        return read_event(body, batch_context, kind)
    context = sent.context or _NOTHING
    return Event(
        body={
            "userId": sent.user_id,
            "anonymousId": sent.anonymous_id,
            "previousId": sent.previous_id,
            "event": sent.event,
        },
        context={"device": context.device},
        properties=object_of(sent.properties),
        traits=object_of(sent.traits),
        context_traits=object_of(context.traits),
        kind=kind,
    )
