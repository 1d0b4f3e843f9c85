"""Where an event came from, as its context tells: the channel, whether a crawler browsed, traits of the person."""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from leadflow.contracts.touchpoint import NO_JSON
from leadflow.core.touchpoint import Channel
from leadflow.pipeline.ingest.crawlers import is_bot, is_bot_client

_WEB_LIBRARY = re.compile(
    r"analytics\.js|rudderlabs javascript|analytics-next|jitsu.*js|posthog-js|^web$", re.IGNORECASE
)
_MOBILE_LIBRARY = re.compile(r"ios|android|swift|kotlin|react[-_ ]?native|flutter|mobile", re.IGNORECASE)
NO_CONTEXT = bytes(NO_JSON)

_LONG_NAME = 100  # longer ones are not worth remembering
_LONG_CONTEXT = 1024  # bytes; neither are these
_MOST_KNOWN = 1024  # contexts
_NOTHING: dict[str, Any] = {}

_decode = msgspec.json.Decoder().decode


Context = dict[str, Any]
"""What an event says about its surroundings, by key."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """What is needed of a context. `crawler` None: it does not say who browsed."""

    channel: Channel
    crawler: bool | None
    traits: dict[str, Any]
    brackets: int = 0  # of its text: it is nested no deeper


def read_origin(own: bytes, shared: bytes) -> Origin | None:
    """Read an event's own context over its batch's, as JSON. None: it is no object, or cannot be read.

    SDKs repeat theirs word for word, and it is half of an event: what was read lately is remembered. Not so those with
    traits, which are about a person.
    """
    known = _known.get(own) if shared == NO_CONTEXT else None
    if known is not None:
        return known
    origin = _read(own, shared)
    if origin is not None and shared == NO_CONTEXT and len(own) <= _LONG_CONTEXT and not origin.traits:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[own] = origin
    return origin


_known: dict[bytes, Origin] = {}


def _read(own: bytes, shared: bytes) -> Origin | None:
    try:
        fields = _decode(own)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if fields is not None and not isinstance(fields, dict):
        return None
    origin = origin_of(context_over(fields or {}, shared))
    return replace(origin, brackets=own.count(b"{") + own.count(b"["))


def context_over(own: Context, shared: bytes) -> Context:
    """Put an event's own context over its batch's, a JSON object, key by key. A null of its own says nothing."""
    if shared == NO_CONTEXT:
        return own
    return {**_decode(shared), **{name: value for name, value in own.items() if value is not None}}


def origin_of(context: Context) -> Origin:
    """Read what a context tells."""
    agent, traits = context.get("userAgent"), context.get("traits")
    return Origin(
        channel_of(context),
        is_bot(agent) if isinstance(agent, str) and agent else None,
        traits if isinstance(traits, dict) else _NOTHING,
    )


def channel_of(context: Context) -> Channel:
    """Tell the channel by the name of the library, where the request does not show it."""
    library = context.get("library")
    name = library.get("name") if isinstance(library, dict) else None
    if not isinstance(name, str):
        return "server"
    kind = _known_library(name) if len(name) <= _LONG_NAME else _library(name)
    if kind != "mobile":
        return kind
    on_device = isinstance(context.get("device"), dict) or isinstance(context.get("os"), dict)
    return "mobile" if on_device else "server"


def _library(name: str) -> Channel:
    """Tell where a library runs by its name."""
    if _WEB_LIBRARY.search(name):
        return "web"
    return "mobile" if _MOBILE_LIBRARY.search(name) else "server"


_known_library = lru_cache(maxsize=1024)(_library)


def sent_by_crawler(channel: Channel, origin: Origin, client: str | None) -> bool:
    """Judge the browsing user agent; for web events without one, that of the HTTP `client`."""
    if origin.crawler is not None:
        return origin.crawler
    return channel == "web" and client is not None and is_bot_client(client)
