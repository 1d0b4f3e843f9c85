"""The few fields of an event that the observer looks at, and the rules of Segment's specification for them."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.refusal import Refusal, shown
from leadflow.pipeline.ingest.times import read_instant

# Actions come from sales only, through the admin API.
EVENT_TYPES: Mapping[str, TouchpointType] = {kind: kind for kind in get_args(TouchpointType) if kind != "action"}
DEMANDING = frozenset(("track", "group", "alias"))
"""Calls that need something beyond a person."""
LONGEST_MESSAGE_ID = 100
LONGEST_EVENT_NAME = 200

_OBJECTS = ("properties", "traits", "context")
_NOTHING: dict[str, Any] = {}


class Header(msgspec.Struct, frozen=True, gc=False):
    """A valid event's head but for its context. Times are milliseconds since the epoch, by the client's clock."""

    type: TouchpointType
    message_id: str | None  # None: the client gave none
    user_id: str | None
    anonymous_id: str | None
    client_at: int | None
    sent_at: int | None
    traits: dict[str, Any]


def text_of(value: Any) -> str | None:
    """Read an id: text, or a number as text; blank text, null and anything else are absent."""
    if value is None:
        return None
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def read_header(
    fields: dict[str, Any], given_type: TouchpointType | None, given_anonymous: str | None
) -> Header | Refusal:
    """Read and check an event. `given_type` (of the path) wins; `given_anonymous` (of a header) fills a gap."""
    get = fields.get
    kind = given_type or _type_of(get("type"))
    if type(kind) is Refusal:
        return kind
    user_id = text_of(get("userId"))
    anonymous_id = text_of(get("anonymousId")) or given_anonymous
    if user_id is None and anonymous_id is None:
        return _bad("missing_identity", "userId or anonymousId is required, as text that is not blank")
    if kind in DEMANDING and (problem := _demands(kind, fields, user_id)) is not None:
        return problem
    message_id = get("messageId")
    if message_id is not None and (problem := _message_id_problem(message_id)) is not None:
        return problem
    for name in _OBJECTS:
        value = get(name)
        if value is not None and not isinstance(value, dict):
            return _bad(f"invalid_{name}", f"{name} must be an object, not {shown(value)}")
    client_at = read_instant(get("originalTimestamp"))
    return Header(
        type=kind,
        message_id=text_of(message_id),
        user_id=user_id,
        anonymous_id=anonymous_id,
        client_at=read_instant(get("timestamp")) if client_at is None else client_at,
        sent_at=read_instant(get("sentAt")),
        traits=get("traits") or _NOTHING,
    )


def _bad(code: str, message: str) -> Refusal:
    return Refusal(400, code, message)


def _type_of(kind: Any) -> TouchpointType | Refusal:
    if isinstance(kind, str) and kind in EVENT_TYPES:
        return EVENT_TYPES[kind]
    if kind is None:
        return _bad("missing_type", f"type is missing: one of {', '.join(EVENT_TYPES)}")
    return _bad("invalid_type", f"type {shown(kind)} is none of {', '.join(EVENT_TYPES)}")


def _demands(kind: TouchpointType, fields: dict[str, Any], user_id: str | None) -> Refusal | None:
    """Check what one type of call needs beyond the others."""
    if kind == "track":
        return _event_name_problem(fields.get("event"))
    if kind == "group" and text_of(fields.get("groupId")) is None:
        return _bad("missing_group_id", "a group call needs groupId")
    if kind == "alias":
        if text_of(fields.get("previousId")) is None:
            return _bad("missing_previous_id", "an alias call needs previousId")
        if user_id is None:
            return _bad("missing_user_id", "an alias call needs userId")
    return None


def _event_name_problem(name: Any) -> Refusal | None:
    if isinstance(name, str) and len(name) <= LONGEST_EVENT_NAME and name and not name.isspace():
        return None
    if name is None or (isinstance(name, str) and not name.strip()):
        return _bad("missing_event", "a track call needs event, the name of what happened")
    if not isinstance(name, str):
        return _bad("invalid_event", f"event must be text, not {shown(name)}")
    return _bad("event_name_too_long", f"event has {len(name)} characters, at most {LONGEST_EVENT_NAME}")


def _message_id_problem(message_id: Any) -> Refusal | None:
    if isinstance(message_id, str) and len(message_id) <= LONGEST_MESSAGE_ID:
        return None
    text = text_of(message_id)
    if text is None:
        return _bad("invalid_message_id", f"messageId must be text, not {shown(message_id)}")
    if len(text) > LONGEST_MESSAGE_ID:
        return _bad("message_id_too_long", f"messageId has {len(text)} characters, at most {LONGEST_MESSAGE_ID}")
    return None
