"""Which rules a touchpoint counts for: all whose condition holds, so a pricing page is also a page."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from leadflow.core.conditions import fields_of
from leadflow.core.scoring.model import Model, Rule
from leadflow.core.touchpoint import Signal

PLAIN_FIELDS = frozenset({"type", "event", "path"})
"""Fields with few values: rules that read only these are matched once for each combination."""

OTHER_FIELDS = frozenset({"source", "channel", "medium", "campaign", "historical"})
OPEN_FIELDS = frozenset({"properties", "trait"})
"""Mappings: `properties.duration_s`, `trait.title`."""


def match(signal: Signal, model: Model) -> tuple[str, ...]:
    """The ids of the rules that count, in the order of the model. None for bots and for `context.active: false`."""
    if signal.bot or not signal.active or signal.type == "action":
        return ()
    event, path = event_of(signal), signal.path if signal.type in {"page", "screen"} else None
    matched, rest = _plain(model, signal.type, event, path)
    if not rest:
        return matched
    row = _row(signal, event, path)
    found = {*matched, *(rule.id for rule in rest if rule.when.holds(row))}
    return matched if len(found) == len(matched) else tuple(rule for rule in model.rules if rule in found)


def event_of(signal: Signal) -> str | None:
    """The normal name of a tracked event; a page's name is none."""
    return signal.event if signal.type == "track" else None


@lru_cache(maxsize=16_384)
def _plain(model: Model, kind: str, event: str | None, path: str | None) -> tuple[tuple[str, ...], tuple[Rule, ...]]:
    """The rules that match by type, event and path alone, and the rules that need a look at the rest."""
    row = {"type": kind, "event": event, "path": path}
    plain, rest = _split(model)
    return tuple(rule.id for rule in plain if rule.when.holds(row)), rest


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
