"""Every answer that the observer gives. SDKs read `code` and `message`; browsers need CORS headers on each."""

import re
from functools import lru_cache

import msgspec

from leadflow.pipeline.ingest.refusal import Refusal
from leadflow_observer.reading import Message

Headers = tuple[tuple[bytes, bytes], ...]

JSON = (b"content-type", b"application/json")
_GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
_DAY = b"86400"
_ORDINARY_ORIGIN = re.compile(rb"[!-~]{1,255}")
_ALLOWED_HEADERS = b"authorization, content-type, anonymousid, sentat, traceparent, x-retry-count, x-write-key"


class Answer(msgspec.Struct, frozen=True):
    """Status, body and headers, without those of CORS and the length."""

    status: int
    body: bytes
    headers: Headers = (JSON,)


class _Error(msgspec.Struct, frozen=True):
    code: str
    message: str


SUCCESS = Answer(200, b'{"success":true}')
PIXEL = Answer(200, _GIF, ((b"content-type", b"image/gif"), (b"cache-control", b"no-store, max-age=0")))
PREFLIGHT = Answer(
    204,
    b"",
    (
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", _DAY),
    ),
)


def refuse(refusal: Refusal, *more: tuple[bytes, bytes]) -> Answer:
    """Say why not; with Retry-After when it is for now only."""
    body = msgspec.json.encode(_Error(refusal.code, refusal.message))
    if refusal.retry_after is not None:
        more += ((b"retry-after", str(refusal.retry_after).encode()),)
    return Answer(refusal.status, body, (JSON, *more))


def response_start(answer: Answer, origin: bytes | None) -> Message:
    """Begin the response; an origin is echoed: the write key names the sender, cookies play no part."""
    return {"type": "http.response.start", "status": answer.status, "headers": _headers(answer, origin)}


@lru_cache(maxsize=1024)
def whole_success(origin: bytes | None) -> bytes | None:
    """Write SUCCESS behind its status line; None for an origin as no browser sends one."""
    return header_lines(SUCCESS, origin) + b"\r\n" + SUCCESS.body if may_be_echoed(origin) else None


def may_be_echoed(origin: bytes | None) -> bool:
    """Whether an origin, if there is one, is as browsers send it: then it can be written as it came."""
    return origin is None or _ORDINARY_ORIGIN.fullmatch(origin) is not None


def header_lines(answer: Answer, origin: bytes | None) -> bytes:
    """Write the headers of an answer, each with its end of line."""
    return b"".join(b"%s: %s\r\n" % header for header in _headers(answer, origin))


def _headers(answer: Answer, origin: bytes | None) -> list[tuple[bytes, bytes]]:
    headers = list(answer.headers)
    if answer is not PREFLIGHT:  # RFC 9110: a 204 has no length
        headers.append((b"content-length", str(len(answer.body)).encode()))
    if origin is not None:
        headers += [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"Retry-After"),
            (b"vary", b"Origin"),
        ]
    return headers
