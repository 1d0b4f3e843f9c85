"""What an HTTP request says besides its body."""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.pipeline.ingest.times import read_instant
from leadflow.pipeline.ingest.write_key import KeyPlaces, basic_user

_MOST_FIELDS = 32
_LONGEST_ID = 256


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`headers` by lower-case name, `query` by name; the last of equal names counts."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    query: Mapping[str, str]
    client: str | None

    def header(self, name: bytes) -> str | None:
        """Return a header as text; None if it is absent or blank."""
        found = self.headers.get(name)
        return (found.decode("latin-1").strip() or None) if found else None


def read_request(scope: Mapping[str, Any]) -> Request:
    """Read an ASGI scope. Nothing in it is trusted to be well-formed."""
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        headers=dict(scope["headers"]),
        query=_query(scope.get("query_string", b"")),
        client=client[0] if client else None,
    )


def _query(text: bytes) -> dict[str, str]:
    if not text:
        return {}
    try:
        return dict(parse_qsl(text.decode("latin-1"), max_num_fields=_MOST_FIELDS))
    except ValueError:  # more fields than any SDK sends
        return {}


def _user_of(authorization: bytes | None) -> str | None:
    """Read the header as sent; SDKs repeat theirs with every request."""
    if not authorization:
        return None
    return _known_user(authorization) if len(authorization) <= _LONGEST_ID else _basic_user(authorization)


def _basic_user(authorization: bytes) -> str | None:
    return basic_user(authorization.decode("latin-1"))


_known_user = lru_cache(maxsize=1024)(_basic_user)


def key_places(request: Request) -> KeyPlaces:
    """Find the write key wherever it may stand outside of the body."""
    return KeyPlaces(
        basic=_user_of(request.headers.get(b"authorization")),
        query=request.query.get("writeKey"),
        header=request.header(b"x-write-key"),
    )


def anonymous_id(request: Request) -> str | None:
    """Return the id in RudderStack's AnonymousId header (base64); None if it is absent or unreadable."""
    encoded = request.header(b"anonymousid")
    if encoded is None:
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode().replace("\0", "").strip()
    except (binascii.Error, ValueError):
        return None
    return text if 0 < len(text) <= _LONGEST_ID else None


def sent_at(request: Request) -> int | None:
    """Return the instant in RudderStack's SentAt header, in milliseconds since the epoch."""
    return read_instant(request.header(b"sentat"))


def client_ip(request: Request, settings: ObserverSettings) -> str | None:
    """Return the client's address, if it may be stored and is one."""
    if not settings.store_ip:
        return None
    forwarded = request.header(b"x-forwarded-for") if settings.trust_proxy else None
    found = forwarded.partition(",")[0].strip() if forwarded else request.client
    try:
        return str(ip_address(found)) if found else None
    except ValueError:
        return None


def pixel_data(request: Request) -> bytes:
    """Return the event in `?data=`, base64 or base64url with or without padding; as it stands if it is neither."""
    text = request.query.get("data", "").strip()
    # An unescaped plus sign arrives as a space.
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace")
