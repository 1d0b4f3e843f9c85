"""Read the small lists that settings are written in. Errors name the place and what is allowed, never a key's value."""

import re
from collections.abc import Mapping

from leadflow.core.identity.blocked import BlockedValues
from leadflow.core.touchpoint import Quality

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"[!-+\--9;-~]{1,200}")  # printable ASCII without space, comma and colon
RESERVED_SOURCES = frozenset({"admin"})  # sales actions carry it
QUALITIES: Mapping[str, Quality] = {"opt_in": "opt_in", "partner": "partner", "bought": "bought", "scraped": "scraped"}


def items(text: str) -> tuple[str, ...]:
    """Split a comma-separated list; empty items are left out."""
    return tuple(part for part in (part.strip() for part in text.split(",")) if part)


def write_keys(text: str) -> dict[str, str]:
    """Read `name:key,…` as {key: name}; ValueError otherwise. A name may have several keys, for rotation."""
    keys: dict[str, str] = {}
    for position, item in enumerate(items(text), 1):
        name, colon, key = item.partition(":")
        if not colon:
            raise ValueError(f"item {position} has no colon: write name:key, as in web:3f9c…")
        if not _NAME.fullmatch(name) or name in RESERVED_SOURCES:
            raise ValueError(
                f"item {position}: a name is 1 to 64 letters, digits, `.`, `_` or `-`; `admin` is reserved"
            )
        if not _KEY.fullmatch(key):
            raise ValueError(
                f"item {position} ({name}): a key is 1 to 200 printable characters without space, `,` or `:`"
            )
        if keys.get(key, name) != name:
            raise ValueError(
                f"item {position} ({name}) has the same key as another name: each name needs keys of its own"
            )
        keys[key] = name
    return keys


def source_quality(text: str) -> dict[str, Quality]:
    """Read `name:quality,…`, the quality of everything that comes in by a write key; ValueError otherwise."""
    qualities: dict[str, Quality] = {}
    for position, item in enumerate(items(text), 1):
        name, _, word = item.partition(":")
        quality = QUALITIES.get(word.strip())
        if not _NAME.fullmatch(name.strip()) or quality is None:
            raise ValueError(f"item {position} is {item!r}: write name:quality, with one of {', '.join(QUALITIES)}")
        qualities[name.strip()] = quality
    return qualities


def blocked_values(text: str) -> BlockedValues:
    """Read further blocked identifier values: exact, or regular expressions between slashes; ValueError otherwise."""
    try:
        return BlockedValues().with_more(items(text))
    except re.error as error:
        raise ValueError(f"{error.pattern!r} is no regular expression: {error}") from error
