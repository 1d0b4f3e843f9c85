"""Cursors and pages. A cursor says where a page ended and which list in which order it belongs to."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query

from leadflow.ports import Cursor
from leadflow_admin_api.problems import Problem, invalid

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=500, description="How many items at most.")]
CursorText = Annotated[str | None, Query(max_length=4096, description="`next` of the page before.")]

DEFAULT_LIMIT = 50


class _Mark(msgspec.Struct, frozen=True, array_like=True):
    listing: str
    value: Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)] | None
    key: str


def write_cursor(listing: str, at: Cursor | None) -> str:
    """An opaque text; None is the beginning of the list."""
    value, key = at or (None, "")
    return to_text(_Mark(listing, value, key))


def read_cursor(listing: str, text: str | None) -> Cursor | None:
    """Where to go on; None: from the beginning. Raises Problem 422 for a cursor that is none of this list."""
    if not text:
        return None
    mark = from_text(text, _Mark, "cursor")
    if mark.listing != listing:
        raise invalid("cursor", f"belongs to another list or order ({mark.listing[:40]}); start again without it")
    return None if mark.value is None else (mark.value, mark.key)


def page(
    listing: str, items: Sequence[Any], cursors: Sequence[Cursor], limit: int, start: Cursor | None
) -> dict[str, Any]:
    """`{"items", "next", "more"}`. `cursors` of what was found, one beyond `limit` shows that there is more."""
    shown = cursors[:limit]
    return {
        "items": items[:limit],
        "next": write_cursor(listing, shown[-1] if shown else start),
        "more": len(cursors) > limit,
    }


def to_text(value: Any) -> str:
    """JSON as base64url without padding."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def from_text(text: str, kind: type[T], parameter: str) -> T:
    """The value of `to_text`. Raises Problem 422 that names the parameter."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise _bad_cursor(parameter) from error


def _bad_cursor(parameter: str) -> Problem:
    return invalid(parameter, "is not a cursor; use `next` of an answer, or leave it out to start from the beginning")
