"""Whose request it is. Write keys stand in web pages for all to read: they name a source and guard nothing."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import SourceConfig


class KeyPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """The write key as found in each place, strongest first; None or blank is absent."""

    basic: str | None = None
    body: Any = None
    query: str | None = None
    header: str | None = None


def basic_user(authorization: str) -> str | None:
    """Return the user of `Authorization: Basic base64(user:password)`; None for anything else, or a blank one."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.partition(":")[0].strip() or None


def source_of(places: KeyPlaces, write_keys: Mapping[str, SourceConfig]) -> SourceConfig | Refusal:
    """Look the first key that is present up; a wrong one is not rescued by a right one in a weaker place."""
    for found in (places.basic, places.body, places.query, places.header):
        if isinstance(found, str) and (key := found.strip()):
            source = write_keys.get(key)
            return Refusal(401, "invalid_write_key", "the write key is not known here") if source is None else source
    return Refusal(
        401,
        "invalid_write_key",
        "no write key: send it as the user of Basic authentication, or as writeKey in the body",
    )
