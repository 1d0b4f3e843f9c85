"""A touchpoint as scoring reads it."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from leadflow.core.names import snake_case
from leadflow.core.reading.consents import read_consents
from leadflow.core.reading.envelope import Envelope
from leadflow.core.reading.event import Event, read_event, text_of, truth_of
from leadflow.core.reading.marketing import read_marketing, read_path
from leadflow.core.reading.plain import read_plain
from leadflow.core.reading.traits import read_traits
from leadflow.core.touchpoint import Action, Quality, Signal

_QUALITIES: Mapping[str, Quality] = {quality: quality for quality in get_args(Quality)}


def hear(body: bytes | msgspec.Raw, batch_context: bytes | msgspec.Raw, envelope: Envelope) -> Signal:
    """`read_event` and `read_signal` in one, by the short way where the event is plain."""
    plain = read_plain(body, envelope) if bytes(batch_context) == b"null" else None
    return plain if plain is not None else read_signal(read_event(body, batch_context, envelope.kind), envelope)


def read_signal(event: Event, envelope: Envelope) -> Signal:
    """What an event says, whatever it is."""
    kind = envelope.kind
    action = read_action(event.body) if kind == "action" else None
    return Signal(
        message_id=envelope.message_id,
        source=envelope.source,
        type=kind,
        at=envelope.at,
        received_at=envelope.received_at,
        event=event.normal_name if kind == "track" else None,
        event_name=event.name if kind == "track" else text_of(event.body.get("name")),
        path=read_path(event),
        properties=event.properties,
        traits=read_traits(event, kind) if action is None else {},
        consents=read_consents(event, kind, action),
        marketing=read_marketing(event),
        quality=read_quality(event) or envelope.quality,
        contacts=envelope.contacts,
        historical=envelope.historical,
        bot=envelope.bot,
        active=truth_of(event.context.get("active")) is not False,
        action=action,
    )


def read_action(body: Mapping[str, Any]) -> Action:
    """The action of a body `{"action": type, "actor": who, ...fields}`."""
    fields = {name: value for name, value in body.items() if name not in {"action", "actor"}}
    return Action(type=text_of(body.get("action")) or "", actor=text_of(body.get("actor")) or "", fields=fields)


def read_quality(event: Event) -> Quality | None:
    """The source quality that the event states, if it is one of the four."""
    stated = text_of(event.context.get("source_quality"))
    return _QUALITIES.get(snake_case(stated)) if stated else None
