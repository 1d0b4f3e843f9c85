"""Which channel an event came through, and whether a crawler sent it."""

import re
from functools import lru_cache
from typing import Any, Protocol

from leadflow.core.touchpoint import Channel
from leadflow.pipeline.ingest.crawlers import is_bot, is_bot_client

_WEB_LIBRARY = re.compile(
    r"analytics\.js|rudderlabs javascript|analytics-next|jitsu.*js|posthog-js|^web$", re.IGNORECASE
)
_MOBILE_LIBRARY = re.compile(r"ios|android|swift|kotlin|react[-_ ]?native|flutter|mobile", re.IGNORECASE)
_LONG_NAME = 100  # longer ones are not worth remembering


class Context(Protocol):
    """What an event says about its surroundings, by key."""

    def get(self, name: str, /) -> Any:
        """Return the value of a key, None if there is none."""


def context_over(own: dict[str, Any], shared: dict[str, Any]) -> Context:
    """Put an event's own context over its batch's, which few batches have."""
    return _Layered(own, shared) if shared else own


class _Layered:
    """An event's own context over its batch's, key by key."""

    __slots__ = ("_own", "_shared")

    def __init__(self, own: dict[str, Any], shared: dict[str, Any]) -> None:
        self._own = own
        self._shared = shared

    def get(self, name: str, /) -> Any:
        """Return the value of a key, None if neither has it; a null of its own says nothing."""
        own = self._own.get(name)
        return self._shared.get(name) if own is None else own


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


def sent_by_crawler(channel: Channel, context: Context, client: str | None) -> bool:
    """Judge the browsing user agent; for web events without one, that of the HTTP `client`."""
    browsing = context.get("userAgent")
    if isinstance(browsing, str) and browsing:
        return is_bot(browsing)
    return channel == "web" and client is not None and is_bot_client(client)
