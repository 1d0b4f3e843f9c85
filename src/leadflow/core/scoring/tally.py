"""What scoring knows of a set of touchpoints: a commutative sum, so that order and grouping never matter."""

from typing import Any

import msgspec


class Stated(msgspec.Struct, frozen=True, array_like=True):
    """A value with the event time (ms) and the message id that said it: the greatest (at, message_id) wins."""

    at: int
    message_id: str
    value: Any


class Tally(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Counts per rule and UTC hour, and the facts that the model reads."""

    counts: dict[str, dict[int, int]] = {}
    facts: dict[str, Stated] = {}
