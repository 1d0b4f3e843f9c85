"""An event as the client sent it, decoded once."""

from collections.abc import Mapping
from typing import Any

import msgspec

from leadflow.core.names import event_name

Json = Mapping[str, Any]

_NOTHING: Json = {}
_decode = msgspec.json.Decoder().decode


class Event(msgspec.Struct, frozen=True, gc=False):
    """The parts of an event that are objects; empty where the client sent none, or something else in its place."""

    body: Json
    context: Json = {}  # the batch's context under the event's own, key by key
    properties: Json = {}
    traits: Json = {}  # of the call
    context_traits: Json = {}
    kind: str | None = None  # its type

    @property
    def name(self) -> str | None:
        """The event's name as sent."""
        return text_of(self.body.get("event"))

    @property
    def normal_name(self) -> str | None:
        """The event's name as names compare."""
        name = self.name
        return (event_name(name) or None) if name else None


def read_event(
    body: bytes | msgspec.Raw, batch_context: bytes | msgspec.Raw = b"null", kind: str | None = None
) -> Event:
    """Decode an event and lay its own context over that of its batch; a null there says nothing.

    `kind` is the touchpoint's type; without it the body has to tell.
    """
    fields = object_of(_decoded(body))
    context = object_of(fields.get("context"))
    if shared := object_of(_decoded(batch_context)):
        context = {**shared, **{key: value for key, value in context.items() if value is not None}}
    return Event(
        body=fields,
        context=context,
        properties=object_of(fields.get("properties")),
        traits=object_of(fields.get("traits")),
        context_traits=object_of(context.get("traits")),
        kind=kind or _kind(fields),
    )


def object_of(value: Any) -> Json:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else _NOTHING


def text_of(value: Any) -> str | None:
    """Text without the spaces around it; None for anything else and for what is empty."""
    return (value.strip() or None) if isinstance(value, str) else None


def truth_of(value: Any) -> bool | None:
    """True or false, also as the texts `true` and `false`; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def _decoded(raw: bytes | msgspec.Raw) -> Any:
    try:
        return _decode(raw)
    except (ValueError, RecursionError):  # msgspec.DecodeError is a ValueError
        return None


def _kind(fields: Json) -> str | None:
    kind = text_of(fields.get("type"))
    if kind is not None:
        return kind.lower()
    return "group" if "groupId" in fields else "alias" if "previousId" in fields else None
