"""Which partition of `touchpoints` an event goes to: that of the strongest identifier in sight."""

from typing import Any

from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.ingest.header import Header, text_of
from leadflow.pipeline.ingest.origin import Origin


def partition_key(header: Header, origin: Origin, hasher: Hasher) -> str:
    """Return the keyed hash. It only spreads the work and keeps what one person sends in order, mostly.

    Nothing rests on it: identity is decided further on, from all identifiers in their normal forms.
    """
    if header.user_id is not None:
        return hasher.partition_key("user_id", header.user_id.strip())
    if header.traits or origin.traits:
        for name in ("email", "phone"):
            value = _first(name, (header.traits, origin.traits))
            if value is not None:
                return hasher.partition_key(name, value.strip().lower())
    return hasher.partition_key("anonymous_id", header.anonymous_id or "")


def _first(name: str, places: tuple[dict[str, Any], ...]) -> str | None:
    for place in places:
        value = text_of(place.get(name))
        if value is not None:
            return value
    return None
