"""Known crawlers by their user agent."""

import re
from functools import lru_cache

from crawleruseragents import is_crawler  # type: ignore[import-untyped]  # it ships no types

_LONGEST = 256  # names stand in front; matching costs about 2 µs a character
_HTTP_LIBRARY = re.compile(
    r"(python-(requests|httpx|urllib)|aiohttp|analytics-|curl|go-http-client|okhttp|axios|node-fetch|undici|node\b"
    r"|apache-httpclient|java|ruby|guzzle|php)",
    re.IGNORECASE,
)


def is_bot(user_agent: str) -> bool:
    """Whether somebody who browsed with this user agent is a known crawler."""
    return _known(user_agent[:_LONGEST])


def is_bot_client(user_agent: str) -> bool:
    """Whether an HTTP client is a known crawler. A server's HTTP library delivers for people: it is none."""
    return _HTTP_LIBRARY.match(user_agent) is None and _known(user_agent[:_LONGEST])


@lru_cache(maxsize=8192)
def _known(user_agent: str) -> bool:
    return bool(is_crawler(user_agent))
