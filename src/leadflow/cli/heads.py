"""Heads of requests that may go the direct way, and what is to be done with their bodies, remembered by their bytes.

A head is read by the parser that reads every other request. SDKs repeat theirs word for word, but for the length.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import final

import httptools

from leadflow.runtime.direct import Prepare, Take

LONGEST = 2048
"""Bytes of a head that is worth remembering."""

_REMEMBERED = 2048
_LONGEST_LENGTH = 18  # digits of a Content-Length
_NEGOTIATING = frozenset((b"expect", b"transfer-encoding", b"upgrade", b"content-encoding"))

Find = Callable[[bytes], tuple[int, Take] | None]
"""The length of the body behind a head, and who takes it; None: an application has to see the request."""


class Heads:
    """What an application has offered to take. Belongs to one server."""

    def __init__(self) -> None:
        self.find: Find = _nothing
        self._prepare: Prepare | None = None
        self._closed = False

    def offer(self, prepare: Prepare) -> None:
        """Ask `prepare` for each head from now on."""
        if self._closed or prepare is self._prepare:
            return
        self._prepare = prepare

        @lru_cache(maxsize=_REMEMBERED)
        def find(head: bytes) -> tuple[int, Take] | None:
            read = read_head(head)
            take = prepare(read.path, dict(read.headers)) if read is not None else None
            return None if read is None or take is None else (read.length, take)

        self.find = find

    def close(self) -> None:
        """Leave every request to the application from now on."""
        self._closed = True
        self.find = _nothing


def read_head(head: bytes) -> "Head | None":
    """Read a head, up to its blank line; None if it is none or anything about it is out of the ordinary."""
    found = Head()
    try:
        found.parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    return found if found.ordinary else None


@final
class Head:
    """A POST that asks for nothing but an answer."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.path = ""
        self.headers: list[tuple[bytes, bytes]] = []  # by lower-case name
        self.length = 0
        self.ordinary = False
        self._url = b""

    def on_url(self, url: bytes) -> None:
        """Gather the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Gather the headers."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Judge the head."""
        self.ordinary = (
            self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and self._has_plain_path()
            and self._has_length()
        )

    def on_body(self, _body: bytes) -> None:
        """Refuse what goes on behind the blank line."""
        self.ordinary = False

    def on_message_complete(self) -> None:
        """Refuse a request without a body."""
        self.ordinary = False

    def _has_plain_path(self) -> bool:
        self.path = self._url.decode("ascii", "replace")
        return self.path.startswith("/") and not any(mark in self.path for mark in "%?#\ufffd")

    def _has_length(self) -> bool:
        names = [name for name, _ in self.headers]
        lengths = [value for name, value in self.headers if name == b"content-length"]
        if len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > _LONGEST_LENGTH:
            return False
        self.length = int(lengths[0])
        return _NEGOTIATING.isdisjoint(names)


def _nothing(_head: bytes) -> None:
    """Find nothing: no application has offered to take anything."""
