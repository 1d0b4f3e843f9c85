"""Who calls: what the headers and the address of a request say, besides its path."""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from leadflow.pipeline.ingest.parcel import Caller
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.pipeline.ingest.times import read_instant
from leadflow.pipeline.ingest.write_key import KeyPlaces, basic_user, source_of

Scope = Mapping[str, Any]
Headers = Mapping[bytes, bytes]
"""By lower-case name; the last of equal names counts."""

_MOST_FIELDS = 32
_LONGEST_ID = 256
_WORTH_REMEMBERING = 1024  # bytes of headers
_REMEMBERED = 1024  # callers


class Callers:
    """Reads who calls. SDKs repeat their headers word for word: what they said before is remembered."""

    def __init__(self, settings: ObserverSettings) -> None:
        self._settings = settings
        self._known = lru_cache(maxsize=_REMEMBERED)(self._read)

    def read(self, scope: Scope, headers: Headers) -> Caller:
        """Read an ASGI scope, whose `headers` these are. Nothing in it is trusted to be well-formed."""
        sender = self._sender(headers)
        if not scope.get("query_string") and not self._is_particular(headers):
            return sender
        return self._with_particulars(sender, scope, headers)

    def lasting(self, headers: Headers) -> Caller | None:
        """Read who sends requests with these headers and without a query; None: it may differ among them."""
        return None if self._is_particular(headers) else self._sender(headers)

    def _is_particular(self, headers: Headers) -> bool:
        """Whether something has to be said of one request that may not hold for the next one."""
        return self._settings.store_ip or b"anonymousid" in headers or b"sentat" in headers

    def _sender(self, headers: Headers) -> Caller:
        get = headers.get
        said = get(b"authorization", b""), get(b"x-write-key", b""), get(b"user-agent", b""), b"origin" in headers
        short = len(said[0]) + len(said[1]) + len(said[2]) <= _WORTH_REMEMBERING
        return self._known(*said) if short else self._read(*said)

    def _read(self, authorization: bytes, key: bytes, agent: bytes, browser: bool) -> Caller:  # noqa: FBT001  # a key
        """Read what is the same for all requests of one sender."""
        keys = KeyPlaces(basic=basic_user(authorization.decode("latin-1")), header=_text(key))
        return Caller(
            keys=keys,
            source=None if keys.basic is None else source_of(keys, self._settings.write_keys),
            web=browser,
            user_agent=_text(agent),
        )

    def _with_particulars(self, caller: Caller, scope: Scope, headers: Headers) -> Caller:
        """Add what may differ from request to request."""
        given = _anonymous_id(headers.get(b"anonymousid"))
        keys = caller.keys
        return msgspec.structs.replace(
            caller,
            keys=KeyPlaces(basic=keys.basic, query=read_query(scope).get("writeKey"), header=keys.header),
            web=caller.web or given is not None,
            sent_at=read_instant(_text(headers.get(b"sentat"))),
            anonymous_id=given,
            ip=_client_ip(scope, headers, self._settings) if self._settings.store_ip else None,
        )


def read_query(scope: Scope) -> dict[str, str]:
    """Read the address behind the question mark; the last of equal names counts."""
    text = scope.get("query_string")
    if not text:
        return {}
    try:
        return dict(parse_qsl(text.decode("latin-1"), max_num_fields=_MOST_FIELDS))
    except ValueError:  # more fields than any SDK sends
        return {}


def announced(headers: Headers, limit: int) -> int:
    """Read Content-Length; what is absent or no number may become as much as the limit."""
    text = headers.get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 20 else limit  # noqa: PLR2004  # beyond 64 bits is no length


def pixel_data(query: Mapping[str, str]) -> bytes:
    """Return the event in `?data=`, base64 or base64url with or without padding; as it stands if it is neither."""
    text = query.get("data", "").strip()
    # An unescaped plus sign arrives as a space.
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace")


def _text(header: bytes | None) -> str | None:
    """Read a header; None if it is absent or blank."""
    return (header.decode("latin-1").strip() or None) if header else None


def _anonymous_id(header: bytes | None) -> str | None:
    """Read RudderStack's AnonymousId header (base64); None if it is absent or unreadable."""
    encoded = _text(header)
    if encoded is None:
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode().replace("\0", "").strip()
    except (binascii.Error, ValueError):
        return None
    return text if 0 < len(text) <= _LONGEST_ID else None


def _client_ip(scope: Scope, headers: Headers, settings: ObserverSettings) -> str | None:
    """Return the client's address, if it is one."""
    forwarded = _text(headers.get(b"x-forwarded-for")) if settings.trust_proxy else None
    client = scope.get("client")
    found = forwarded.partition(",")[0].strip() if forwarded else client[0] if client else None
    try:
        return str(ip_address(found)) if found else None
    except ValueError:
        return None
