"""The short way: an event as nearly all are, whose shape one decode has checked. All others go the long way.

Both ways end in the same header for the same bytes; only the long one knows what to say about an event that is wrong.
"""

from typing import Any, Literal

import msgspec

from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.header import LONGEST_EVENT_NAME, LONGEST_MESSAGE_ID, Header, text_of
from leadflow.pipeline.ingest.nesting import nested_deeper_than
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.pipeline.ingest.times import read_instant

_NOTHING: dict[str, Any] = {}


class Plain(msgspec.Struct, frozen=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """The fields of the specification and of its SDKs, about in the order in which these write them.

    A field that is not here would be skipped unread: a number like 1e400 in it would stop every later hop. So an event
    that has one is no plain event.
    """

    type: Literal["identify", "track", "page", "screen", "group", "alias"] | None = None
    event: str | None = None
    name: Any = None
    user_id: str | None = None
    traits: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    group_id: str | None = None
    previous_id: str | None = None
    message_id: str | None = None
    anonymous_id: str | None = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    context: dict[str, Any] | None = None
    integrations: Any = None
    category: Any = None
    channel: Any = None
    version: Any = None
    received_at: Any = None
    write_key: Any = None
    api_key: Any = msgspec.field(default=None, name="api_key")
    metadata: Any = msgspec.field(default=None, name="_metadata")


_decode = msgspec.json.Decoder(Plain).decode


def read_plain(raw: bytes, shared: int, limits: ObserverSettings) -> Plain | None:
    """Decode an event whole, once; None: not plain, go the long way. `shared` as in `read_fields`."""
    if len(raw) + shared > limits.max_event_bytes or nested_deeper_than(limits.max_nesting, raw):
        return None
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def plain_header(plain: Plain, given_type: TouchpointType | None) -> Header | None:
    """Check what the types do not; `given_type` (of the path) wins. None: wrong, the long way says what."""
    kind = given_type or plain.type
    user_id, message_id = text_of(plain.user_id), plain.message_id
    anonymous_id = text_of(plain.anonymous_id)
    if kind is None or (user_id is None and anonymous_id is None):
        return None
    if message_id is not None and len(message_id) > LONGEST_MESSAGE_ID:
        return None
    if kind == "track":
        if text_of(plain.event) is None or len(plain.event or "") > LONGEST_EVENT_NAME:
            return None
    elif kind == "group":
        if text_of(plain.group_id) is None:
            return None
    elif kind == "alias" and (user_id is None or text_of(plain.previous_id) is None):
        return None
    client_at = read_instant(plain.original_timestamp)
    return Header(
        type=kind,
        message_id=text_of(message_id),
        user_id=user_id,
        anonymous_id=anonymous_id,
        client_at=read_instant(plain.timestamp) if client_at is None else client_at,
        sent_at=read_instant(plain.sent_at),
        traits=plain.traits or _NOTHING,
        context=plain.context or _NOTHING,
    )
