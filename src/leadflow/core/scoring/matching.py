"""Which rules a touchpoint counts for: all whose condition holds, so a pricing page is also a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from leadflow.core.conditions import fields_of
from leadflow.core.scoring.model import Model, Rule
from leadflow.core.touchpoint import Signal

PLAIN_FIELDS = frozenset({"type", "event", "path"})
"""Fields with few values: rules that read only these are matched once for each combination."""

_VIEWS = frozenset({"page", "screen"})

OTHER_FIELDS = frozenset({"source", "channel", "medium", "campaign", "historical"})
OPEN_FIELDS = frozenset({"properties", "trait"})
"""Mappings: `properties.duration_s`, `trait.title`."""


def match(signal: Signal, model: Model) -> tuple[str, ...]:
    """The ids of the rules that count, in the order of the model. None for bots and for `context.active: false`."""
    kind = signal.type
    if signal.bot or not signal.active or kind == "action":
        return ()
    event, path = event_of(signal), signal.path if kind in _VIEWS else None
    place = _place(model, kind, event, path)
    if place.asks_only_for is not None and place.asks_only_for.isdisjoint(signal.properties):
        return place.usually
    row = _row(signal, event, path)
    found = {*place.always, *(rule.id for rule in place.rest if rule.when.holds(row))}
    return tuple(rule for rule in model.rules if rule in found)


def event_of(signal: Signal) -> str | None:
    """The normal name of a tracked event; a page's name is none."""
    return signal.event if signal.type == "track" else None


@dataclass(frozen=True, slots=True)
class _Place:
    """What type, event and path tell alone.

    `always`: the rules that match. `rest`: those that need a look at the rest of the touchpoint; if that are only its
    properties, `asks_only_for` holds their names, and `usually` is what matches when it has none of them.
    """

    always: tuple[str, ...]
    rest: tuple[Rule, ...]
    asks_only_for: frozenset[str] | None
    usually: tuple[str, ...]


@lru_cache(maxsize=16_384)
def _place(model: Model, kind: str, event: str | None, path: str | None) -> _Place:
    row: dict[str, Any] = {"type": kind, "event": event, "path": path}
    plain, rest = _split(model)
    always = tuple(rule.id for rule in plain if rule.when.holds(row))
    row["properties"] = {}
    found = {*always, *(rule.id for rule in rest if rule.when.holds(row))}
    return _Place(always, rest, _asked(rest), tuple(rule for rule in model.rules if rule in found))


def _asked(rules: tuple[Rule, ...]) -> frozenset[str] | None:
    """The properties that conditions may look at; None where they look at more than properties."""
    asked: set[str] = set()
    for name in frozenset[str]().union(*(fields_of(rule.when.condition) for rule in rules)) - PLAIN_FIELDS:
        first, _, below = name.partition(".")
        if first != "properties" or not below:
            return None
        asked |= {below, below.partition(".")[0]}  # `a.b` is a property of that name, or `b` within `a`
    return frozenset(asked)


@lru_cache(maxsize=16)
def _split(model: Model) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    plain = tuple(rule for rule in model.rules.values() if fields_of(rule.when.condition) <= PLAIN_FIELDS)
    return plain, tuple(rule for rule in model.rules.values() if rule not in plain)


def _row(signal: Signal, event: str | None, path: str | None) -> Mapping[str, Any]:
    return {
        "type": signal.type,
        "event": event,
        "path": path,
        "source": signal.source,
        "channel": signal.marketing.channel,
        "medium": signal.marketing.medium,
        "campaign": signal.marketing.campaign,
        "historical": signal.historical,
        "properties": signal.properties,
        "trait": signal.traits,
    }
