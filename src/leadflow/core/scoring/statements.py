"""What touchpoints state, as values that merge in any order: the last word, the first and last time, consents.

Times are event times in milliseconds since the epoch. Ties of (at, message_id), possible only between two write keys,
are broken by the value itself, so that no order of arrival shows.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

V = TypeVar("V")
Consents = Mapping[str, "Stated"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class Stated(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value with the event time (ms) and the message id that said it: the greatest (at, message_id) wins."""

    at: int
    message_id: str
    value: Any


class Moment(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """When something happened, and by which touchpoint."""

    at: int
    message_id: str


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The first and the last time that something happened."""

    first: Moment
    last: Moment

    def by(self, as_of: int) -> bool:
        """Whether it had happened by an instant."""
        return self.first.at <= as_of

    def last_by(self, as_of: int) -> int:
        """The last time by an instant, as far as it is known: between first and last nothing is kept."""
        return self.last.at if self.last.at <= as_of else self.first.at


class Touch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A touchpoint's marketing source. `event` is the event's name as sent, None on page views and the like."""

    at: int
    message_id: str
    event: str | None = None
    channel: str | None = None
    medium: str | None = None
    campaign: str | None = None


class Act(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An action of sales that moves a lead, with the fields that the move needs (reason, stage, expires_at, actor)."""

    at: int
    message_id: str
    type: str
    fields: dict[str, Any] = {}


def later(one: Stated, other: Stated) -> Stated:
    """The last word of two."""
    if one.at != other.at:
        return one if one.at > other.at else other
    if one.message_id != other.message_id:
        return one if one.message_id > other.message_id else other
    return max(one, other, key=lambda stated: _encode(stated.value))


def latest(one: Mapping[str, Stated], other: Mapping[str, Stated]) -> dict[str, Stated]:
    """The last word on each name."""
    merged = dict(one)
    for name, stated in other.items():
        known = merged.get(name)
        merged[name] = stated if known is None else later(known, stated)
    return merged


def last_word(one: Stated | None, other: Stated | None) -> Stated | None:
    """The last word, if either said one."""
    return later(one, other) if one is not None and other is not None else one or other


def earliest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The earliest time of each name."""
    merged = dict(one)
    for name, at in other.items():
        known = merged.get(name)
        merged[name] = at if known is None or at < known else known
    return merged


def first_moments(one: Mapping[str, Moment], other: Mapping[str, Moment]) -> dict[str, Moment]:
    """The first moment of each name."""
    merged = dict(one)
    for name, moment in other.items():
        merged[name] = min(merged.get(name, moment), moment)
    return merged


def spans(one: Mapping[str, Span], other: Mapping[str, Span]) -> dict[str, Span]:
    """The first and the last moment of each name."""
    merged = dict(one)
    for name, span in other.items():
        known = merged.get(name)
        if known is None:
            merged[name] = span
        elif known.last.at < span.first.at:  # the rule: things come in the order in which they happen
            merged[name] = Span(known.first, span.last)
        else:
            merged[name] = Span(min(known.first, span.first), max(known.last, span.last))
    return merged


def first_touch(one: Touch | None, other: Touch | None) -> Touch | None:
    """The earlier of two touches."""
    if one is None or other is None:
        return one or other
    if one.at != other.at:
        return one if one.at < other.at else other
    return min(one, other, key=_touch_order)


def last_touch(one: Touch | None, other: Touch | None) -> Touch | None:
    """The later of two touches."""
    if one is None or other is None:
        return one or other
    if one.at != other.at:
        return one if one.at > other.at else other
    return max(one, other, key=_touch_order)


def consents(one: Consents, other: Consents) -> dict[str, Stated]:
    """Per channel the latest event time; at the same time a denial wins."""
    merged = dict(one)
    for channel, stated in other.items():
        known = merged.get(channel)
        merged[channel] = stated if known is None else max(known, stated, key=_consent_order)
    return merged


def consents_on_merge(own: Consents, child: Consents, linked_at: int) -> dict[str, Stated]:
    """Take in a child's consents: a denial on either side wins, but for a grant later than it and than the link."""
    merged = dict(own)
    for channel, stated in child.items():
        known = merged.get(channel)
        merged[channel] = stated if known is None else _settled(known, stated, linked_at)
    return merged


def _settled(one: Stated, other: Stated, linked_at: int) -> Stated:
    if one.value == other.value:
        return max(one, other, key=_consent_order)
    grant, denial = (one, other) if one.value else (other, one)
    return grant if grant.at > max(denial.at, linked_at) else denial


def _consent_order(stated: Stated) -> tuple[int, bool, str]:
    return stated.at, not stated.value, stated.message_id


def _touch_order(touch: Touch) -> tuple[int | str, ...]:
    texts = (touch.event, touch.channel, touch.medium, touch.campaign)
    return (touch.at, touch.message_id, *(text or "" for text in texts))
