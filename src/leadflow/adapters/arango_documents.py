"""How a document is kept in ArangoDB: its text as it was encoded, and beside it the fields that queries may name.

The text is kept whole because the server would not give JSON back as it came: 1.0 comes back as 1, attributes in
another order, whole numbers beyond 64 bits as fractions; and what a lead was counted from must come back to the bit.
Text fields are kept in hexadecimal digits: the server sorts text as its language settings say, we by code points.
"""

from typing import Any, TypeVar
from urllib.parse import quote, unquote

import msgspec

from leadflow.adapters.document_fields import field_values
from leadflow.contracts.collections import Collection

D = TypeVar("D", bound=msgspec.Struct)

FIELDS = "q"
LONGEST_KEY = 254  # bytes
_EMPTY = "%"  # no text is written like this
_KEY_CHARACTERS = "_-:.@()+,=;$!*'"  # besides letters and digits; % stands for what is none of them


class Kept(msgspec.Struct, omit_defaults=True, rename={"key": "_key", "rev": "_rev"}):
    """A document on its way to or from the server, or the error in its place."""

    key: str = ""
    doc: str = ""
    q: dict[str, str | int | None] = {}
    rev: str = ""
    error: bool = False
    number: int = msgspec.field(default=0, name="errorNum")
    message: str = msgspec.field(default="", name="errorMessage")


def kept(collection: Collection[D], key: str, value: D, body: bytes, rev: str = "") -> Kept:
    """A document as the server is to keep it. TypeError, ValueError for fields and keys that cannot be kept."""
    fields = dict(zip(collection.fields, map(stored_field, field_values(collection, value)), strict=True))
    return Kept(stored_key(key), body.decode(), fields, rev)


def stored_key(key: str) -> str:
    """A key in the characters that the server allows. ValueError for one that is too long."""
    stored = quote(key, safe=_KEY_CHARACTERS) or _EMPTY
    if len(stored) > LONGEST_KEY:
        raise ValueError(f"a key of {len(stored)} bytes: ArangoDB takes up to {LONGEST_KEY}")
    return stored


def key_of(stored: str) -> str:
    """The key that was stored."""
    return "" if stored == _EMPTY else unquote(stored)


def stored_field(value: Any) -> Any:
    """A field's value as the server is to compare it."""
    return stored_text(value) if isinstance(value, str) else value


def field_of(stored: Any) -> Any:
    """The field's value that was stored."""
    return bytes.fromhex(stored).decode() if isinstance(stored, str) else stored


def stored_text(text: str) -> str:
    """Text such that the order of code points, and prefixes, are those of what is stored, in any language's order."""
    return text.encode().hex()
