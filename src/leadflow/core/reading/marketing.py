"""Where a touchpoint came from: its page, its campaign, the site before it."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from leadflow.core.reading.event import Event, object_of, text_of
from leadflow.core.touchpoint import Marketing

_LONGEST = 2_048  # characters of a URL that are looked at


def read_path(event: Event) -> str | None:
    """The page's path in lower case, without query, fragment and trailing slash; None when no page is named."""
    page = object_of(event.context.get("page"))
    for path in (page.get("path"), event.properties.get("path")):
        if (text := text_of(path)) is not None:
            return normal_path(text)
    for url in (page.get("url"), event.properties.get("url")):
        if (parts := _parts(url)) is not None and (parts.scheme or parts.path.startswith("/")):
            return normal_path(parts.path)
    return None


def normal_path(path: str) -> str:
    """`/Blog/?page=2#top` is `/blog`; a whole URL gives its path, the root is `/`."""
    if "://" in path.partition("?")[0] and (parts := _parts(path)) is not None:
        path = parts.path
    bare = path.partition("?")[0].partition("#")[0].strip().lower()
    return "/" + bare.strip("/")


def read_marketing(event: Event) -> Marketing:
    """The campaign, else the host of a referrer that is not the page's own site, else `direct`."""
    campaign = object_of(event.context.get("campaign"))
    return Marketing(
        channel=text_of(campaign.get("source")) or _referrer(event) or "direct",
        medium=text_of(campaign.get("medium")),
        campaign=text_of(campaign.get("name")),
    )


def _referrer(event: Event) -> str | None:
    page, referrer = object_of(event.context.get("page")), event.context.get("referrer")
    own = {host_of(page.get("url")), host_of(event.properties.get("url")), host_of(page.get("host"))}
    sent = object_of(referrer)
    for url in (page.get("referrer"), referrer, sent.get("url"), sent.get("link"), event.properties.get("referrer")):
        if (host := host_of(url)) is not None:
            return None if host in own else host
    return None


def host_of(url: Any) -> str | None:
    """`https://www.Google.com/search` and `google.com` are `google.com`; None for what names no host."""
    parts = _parts(url)
    if parts is not None and not parts.netloc:
        parts = _parts(f"//{text_of(url)}")
    try:
        host = (parts.hostname or "").removeprefix("www.") if parts is not None else ""
    except ValueError:
        return None
    return host if "." in host and " " not in host else None


def _parts(url: Any) -> SplitResult | None:
    text = text_of(url)
    try:
        return urlsplit(text[:_LONGEST]) if text else None
    except ValueError:  # such as http://[::1
        return None
