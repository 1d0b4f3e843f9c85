"""The short way: an event as nearly all are, whose shape one decode has checked. All others go the long way.

Both ways end in the same header for the same bytes; only the long one knows what to say about an event that is wrong.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from leadflow.contracts.touchpoint import NO_JSON
from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.header import DEMANDING, LONGEST_EVENT_NAME, LONGEST_MESSAGE_ID, Header, text_of
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.pipeline.ingest.times import read_instant

_NOTHING: dict[str, Any] = {}


Scalar = str | int | float | bool | None
Shallow = (
    Scalar | list[Scalar | list[Scalar] | dict[str, Scalar]] | dict[str, Scalar | list[Scalar] | dict[str, Scalar]]
)
_DEEPEST = 4  # with the event itself and its `properties`: what the types below allow, besides the context


class Plain(msgspec.Struct, frozen=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """The fields of the specification and of its SDKs, about in the order in which these write them.

    A field that is not here would be skipped unread: a number like 1e400 in it would stop every later hop. So an event
    that has one is no plain event, nor is one that is deeply nested. The context is skipped, too: whoever takes the
    event reads it, with `read_origin`.
    """

    type: Literal["identify", "track", "page", "screen", "group", "alias"] | None = None
    event: Annotated[str, Meta(max_length=LONGEST_EVENT_NAME)] | None = None
    name: Scalar = None
    user_id: str | None = None
    traits: dict[str, Shallow] | None = None
    properties: dict[str, Shallow] | None = None
    group_id: str | None = None
    previous_id: str | None = None
    message_id: Annotated[str, Meta(max_length=LONGEST_MESSAGE_ID)] | None = None
    anonymous_id: str | None = None
    timestamp: Scalar = None
    original_timestamp: Scalar = None
    sent_at: Scalar = None
    context: msgspec.Raw = NO_JSON
    integrations: Shallow = None
    category: Scalar = None
    channel: Scalar = None
    version: Scalar = None
    received_at: Scalar = None
    write_key: Scalar = None
    api_key: Scalar = msgspec.field(default=None, name="api_key")
    metadata: Shallow = msgspec.field(default=None, name="_metadata")


_decode = msgspec.json.Decoder(Plain).decode


def read_plain(raw: bytes | msgspec.Raw, shared: int, limits: ObserverSettings) -> Plain | None:
    """Decode an event but for its context, once; None: not plain, go the long way. `shared` as in `read_fields`."""
    if len(raw) + shared > limits.max_event_bytes or limits.max_nesting < _DEEPEST:
        return None
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def plain_header(plain: Plain, given_type: TouchpointType | None) -> Header | None:
    """Check what the types do not; `given_type` (of the path) wins. None: wrong or rare, the long way goes on."""
    kind = given_type or plain.type
    user_id, anonymous_id, message_id = plain.user_id, plain.anonymous_id, plain.message_id
    if not user_id or user_id.isspace():
        user_id = None
    if not anonymous_id or anonymous_id.isspace():
        anonymous_id = None
    if user_id is None and anonymous_id is None:
        return None
    if kind is None or not message_id or message_id.isspace():
        return None
    if kind in DEMANDING and not _has_what_it_needs(plain, kind, user_id):
        return None
    client_at = read_instant(plain.original_timestamp)
    if client_at is None:
        client_at = read_instant(plain.timestamp)
    sent_at = read_instant(plain.sent_at)
    return Header(kind, message_id, user_id, anonymous_id, client_at, sent_at, plain.traits or _NOTHING)


def _has_what_it_needs(plain: Plain, kind: TouchpointType, user_id: str | None) -> bool:
    """Check what one type of call needs beyond the others."""
    if kind == "track":
        return text_of(plain.event) is not None
    if kind == "group":
        return text_of(plain.group_id) is not None
    return kind != "alias" or (user_id is not None and text_of(plain.previous_id) is not None)
