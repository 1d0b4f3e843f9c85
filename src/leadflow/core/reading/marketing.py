"""Where a touchpoint came from: its page, its campaign, the site before it."""

from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from leadflow.core.reading.event import Event, object_of, text_of
from leadflow.core.touchpoint import Marketing

_LONGEST = 2_048  # characters of a URL that are looked at
_REMEMBERED = 8_192  # texts: a site has few pages and few neighbours, and splitting a URL is dear


DIRECT = Marketing()


def read_path(event: Event) -> str | None:
    """The page's path in lower case, without query, fragment and trailing slash; None when no page is named."""
    page = object_of(event.context.get("page"))
    return path_of_page(page.get("path"), event.properties.get("path"), page.get("url"), event.properties.get("url"))


def path_of_page(path: Any, own_path: Any, url: Any, own_url: Any) -> str | None:
    """The first of the page's path, the event's own, and those of their URLs."""
    for given in (path, own_path):
        if given is not None and (text := text_of(given)) is not None:
            return normal_path(text)
    for given in (url, own_url):
        if (text := text_of(given)) is not None and (found := _path_of(text[:_LONGEST])) is not None:
            return found
    return None


@lru_cache(_REMEMBERED)
def _path_of(url: str) -> str | None:
    """The path of a URL; None for a text that is none."""
    parts = _parts(url)
    if parts is None or not (parts.scheme or parts.path.startswith("/")):
        return None
    return normal_path(parts.path)


def normal_path(path: str) -> str:
    """`/Blog/?page=2#top` is `/blog`; a whole URL gives its path, the root is `/`."""
    return _normal_path(path[:_LONGEST])


@lru_cache(_REMEMBERED)
def _normal_path(path: str) -> str:
    if "://" in path.partition("?")[0] and (parts := _parts(path)) is not None:
        path = parts.path
    bare = path.partition("?")[0].partition("#")[0].strip().lower()
    return "/" + bare.strip("/")


def read_marketing(event: Event) -> Marketing:
    """The campaign, else the host of a referrer that is not the page's own site, else `direct`."""
    campaign = object_of(event.context.get("campaign"))
    channel = text_of(campaign.get("source")) or _referrer(event)
    if channel is None and not campaign:
        return DIRECT
    return Marketing(
        channel=channel or DIRECT.channel,
        medium=text_of(campaign.get("medium")),
        campaign=text_of(campaign.get("name")),
    )


def _referrer(event: Event) -> str | None:
    page, referrer = object_of(event.context.get("page")), event.context.get("referrer")
    sent = object_of(referrer)
    for url in (page.get("referrer"), referrer, sent.get("url"), sent.get("link"), event.properties.get("referrer")):
        if url is not None and (host := host_of(url)) is not None:
            own = (page.get("url"), event.properties.get("url"), page.get("host"))
            return None if any(host_of(place) == host for place in own) else host
    return None


def host_of(url: Any) -> str | None:
    """`https://www.Google.com/search` and `google.com` are `google.com`; None for what names no host."""
    text = text_of(url)
    return _host_of(text[:_LONGEST]) if text is not None else None


@lru_cache(_REMEMBERED)
def _host_of(url: str) -> str | None:
    parts = _parts(url)
    if parts is not None and not parts.netloc:
        parts = _parts(f"//{url}")
    try:
        host = (parts.hostname or "").removeprefix("www.") if parts is not None else ""
    except ValueError:
        return None
    return host if "." in host and " " not in host else None


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:  # such as http://[::1
        return None
