"""The short way for the great majority: events in which everything has the shape that it should have.

What this reads is what the long way reads, to the last field; whatever it does not expect it leaves to the long way.
Decoding only the fields that count, with their types, is what makes it short.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from leadflow.core.names import event_name
from leadflow.core.reading.consents import read_consents
from leadflow.core.reading.envelope import Envelope
from leadflow.core.reading.event import Event, text_of
from leadflow.core.reading.marketing import DIRECT, host_of, path_of_page
from leadflow.core.reading.traits import read_traits
from leadflow.core.touchpoint import Marketing, Signal

_ABSENT = msgspec.Raw(b"null")
_UNUSUAL = frozenset(("referrer", "url"))
"""Properties that stand in for what the context says."""
_TELLING = frozenset(("consent", "need", "message"))
"""Properties that say something about the person."""


class _Page(msgspec.Struct, gc=False):
    path: str | None = None
    url: str | None = None
    referrer: str | None = None
    host: str | None = None


class _Campaign(msgspec.Struct, gc=False):
    source: str | None = None
    medium: str | None = None
    name: str | None = None


class _Context(msgspec.Struct, gc=False):
    page: _Page | None = None
    campaign: _Campaign | None = None
    active: bool | None = None
    traits: msgspec.Raw = _ABSENT
    referrer: msgspec.Raw = _ABSENT
    source_quality: msgspec.Raw = _ABSENT


class _Event(msgspec.Struct, gc=False):
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: _Context | None = None


_decode = msgspec.json.Decoder(_Event).decode
_NO_PAGE = _Page()
_NO_CONTEXT = _Context()


def read_plain(body: bytes | msgspec.Raw, envelope: Envelope) -> Signal | None:
    """A plain event's signal; None when it is not plain, or an action of sales."""
    kind = envelope.kind
    if kind == "action":
        return None
    try:
        found = _decode(body)
    except (ValueError, RecursionError):  # msgspec.DecodeError is a ValueError
        return None
    context = found.context or _NO_CONTEXT
    properties = found.properties or {}
    if not _is_plain(context) or not _UNUSUAL.isdisjoint(properties):
        return None
    page = context.page or _NO_PAGE
    name = normal = None
    if kind == "track":
        if (name := text_of(found.event)) is not None:
            normal = event_name(name) or None
        if normal is not None and normal.endswith("unsubscribed"):
            return None
    elif found.name is not None:
        name = text_of(found.name)
    signal = Signal(  # with more than 15 arguments by name Python would build a dict for them
        message_id=envelope.message_id,
        source=envelope.source,
        type=kind,
        at=envelope.at,
        received_at=envelope.received_at,
        event=normal,
        event_name=name,
        path=path_of_page(page.path, properties.get("path"), page.url, None),
        properties=properties,
        marketing=_marketing(context.campaign, page) if context.campaign or page.referrer else DIRECT,
        quality=envelope.quality,
        contacts=envelope.contacts,
        historical=envelope.historical,
        bot=envelope.bot,
        active=context.active is not False,
    )
    if not found.traits and _TELLING.isdisjoint(properties):  # the great majority
        return signal
    told = Event(body={}, properties=properties, traits=found.traits or {})
    return replace(signal, traits=read_traits(told, kind), consents=read_consents(told, kind, None))


def _is_plain(context: _Context) -> bool:
    return context.traits is _ABSENT and context.referrer is _ABSENT and context.source_quality is _ABSENT


def _marketing(campaign: _Campaign | None, page: _Page) -> Marketing:
    channel = text_of(campaign.source) if campaign is not None else None
    if channel is None and (referrer := host_of(page.referrer)) is not None:
        channel = None if referrer in (host_of(page.url), host_of(page.host)) else referrer
    if campaign is None:
        return DIRECT if channel is None else Marketing(channel=channel)
    return Marketing(
        channel=channel or DIRECT.channel, medium=text_of(campaign.medium), campaign=text_of(campaign.name)
    )
