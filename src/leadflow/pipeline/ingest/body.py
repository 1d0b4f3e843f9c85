"""From the bytes of a request body to JSON text that every later hop can read."""

import re
import zlib

from leadflow.pipeline.ingest.refusal import Refusal

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP_WINDOW = 31  # zlib's name for "the largest window, in gzip's wrapping"

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair: left as it is
    rb"|(\\u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000))"  # half a pair, or NUL
    rb"|\\.",  # any other escape, passed over so that `\\u0000` stays a backslash and some letters
    re.DOTALL,
)


def inflate(data: bytes, limit: int, too_large: Refusal) -> bytes | Refusal:
    """Unpack gzip, told by its first bytes whatever the headers say; never makes more than `limit` + 1 bytes."""
    if not data.startswith(_GZIP):
        return data if len(data) <= limit else too_large
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        return Refusal(400, "malformed_gzip", f"the body begins like gzip but cannot be unpacked: {error}")
    if len(plain) > limit:
        return too_large
    if not unpacker.eof:
        return Refusal(400, "malformed_gzip", "the gzip body ends too early")
    if unpacker.unused_data:
        return Refusal(400, "malformed_gzip", "there are bytes behind the end of the gzip body")
    return plain


def mend(data: bytes) -> bytes:
    r"""Drop a byte order mark; write U+FFFD for what no store can hold: NUL and halves of surrogate pairs (`\ud83d`).

    Browsers cut text in the middle of an emoji every day: that must not cost an event, let alone a batch.
    """
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if b"\\" not in data or _SUSPECT.search(data) is None:
        return data
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], data)
