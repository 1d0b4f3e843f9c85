"""The parts of a model file that make a score: events, facts, rules, fit, completeness, quality, grades, warmth."""

from collections.abc import Mapping
from dataclasses import fields as fields_of_class
from itertools import pairwise
from typing import cast, get_args

from leadflow.core.names import event_name
from leadflow.core.scoring.fit import CONTACTS, DERIVED_FIELDS
from leadflow.core.scoring.load_conditions import when_of
from leadflow.core.scoring.matching import OPEN_FIELDS, OTHER_FIELDS, PLAIN_FIELDS
from leadflow.core.scoring.model import (
    POINT,
    Completeness,
    Events,
    Fact,
    FactKind,
    Fit,
    FitRule,
    Grade,
    Group,
    GroupKind,
    Rule,
    Temperatures,
)
from leadflow.core.scoring.places import Place
from leadflow.core.scoring.score import CLAMP, RESERVED
from leadflow.core.time import DAY
from leadflow.core.touchpoint import Quality

QUALITIES: tuple[str, ...] = get_args(Quality)


def read_events(place: Place) -> Events:
    """The event classes, all of which are named; a class may be empty."""
    names = tuple(field.name for field in fields_of_class(Events))
    found = place.fields(names)
    return Events(**{name: frozenset(map(event_name, found[name].texts() if name in found else ())) for name in names})


def read_facts(place: Place) -> tuple[Fact, ...]:
    """The facts by name, with the traits and properties that state them."""
    facts = []
    for name, entry in place.pairs():
        if name in DERIVED_FIELDS:
            entry.wrong(f"{name!r} has a meaning of its own and cannot be a fact")
        found = entry.fields(("as",), ("traits", "properties"))
        kind = found["as"].choice(get_args(FactKind)) if "as" in found else "text"
        sides = [found[side].texts() if side in found else () for side in ("traits", "properties")]
        if not any(sides):
            entry.wrong("a fact needs `traits` or `properties` that state it")
        facts.append(Fact(name, sides[0], sides[1], cast("FactKind", kind)))
    return tuple(facts)


def read_groups(place: Place, taken: dict[str, int]) -> tuple[Group, ...]:
    """The groups with their rules. `taken`: rule ids met so far, with their lines."""
    groups = [_group(entry, taken) for entry in place.items()]
    names = [group.name for group in groups]
    for entry, name in zip(place.items(), names, strict=True):
        if names.count(name) > 1:
            entry.wrong(f"the group {name!r} comes twice")
    _interest_below_intent(place, groups)
    return tuple(groups)


def _group(place: Place, taken: dict[str, int]) -> Group:
    found = place.fields(("name", "kind", "half_life", "clamp", "rules"))
    kind = found["kind"].choice(get_args(GroupKind)) if "kind" in found else "interest"
    low, high = read_clamp(found.get("clamp"))
    rules = found["rules"].items() if "rules" in found else []
    return Group(
        name=found["name"].text() if "name" in found else "",
        kind=cast("GroupKind", kind),
        half_life=found["half_life"].duration() if "half_life" in found else DAY,
        low=low,
        high=high,
        rules=tuple(_rule(entry, kind, taken) for entry in rules),
    )


def _rule(place: Place, kind: str, taken: dict[str, int]) -> Rule:
    found = place.fields(("id", "text", "when", "points"), ("cap",))
    points = found["points"].points() if "points" in found else 0
    if "points" in found and (points > 0) == (kind == "negative"):
        found["points"].wrong(f"{points / POINT:g} is not allowed in a group of kind {kind}")
    return Rule(
        id=read_id(found.get("id"), taken),
        text=found["text"].text() if "text" in found else "",
        when=when_of(found.get("when"), PLAIN_FIELDS | OTHER_FIELDS, OPEN_FIELDS),
        points=points,
        cap=found["cap"].count() if "cap" in found else None,
    )


def _interest_below_intent(place: Place, groups: list[Group]) -> None:
    """Looking is worth less than wanting."""
    weakest = min((rule.points for group in groups if group.kind == "intent" for rule in group.rules), default=None)
    if weakest is None:
        return
    for entry, group in zip(place.items(), groups, strict=True):
        rules = dict(entry.pairs()).get("rules")
        if group.kind != "interest" or rules is None:
            continue
        for rule_entry, rule in zip(rules.items(), group.rules, strict=True):
            if rule.points >= weakest:
                rule_entry.wrong(
                    f"the interest rule {rule.id!r} is worth {rule.points / POINT:g} points, as much as the weakest "
                    f"intent rule or more: fewer than {weakest / POINT:g} are allowed"
                )


def read_id(place: Place | None, taken: dict[str, int]) -> str:
    """A rule's id: a name of its own in the whole model."""
    if place is None:
        return ""
    name = place.text()
    if name in RESERVED or name.startswith(CLAMP):
        place.wrong(f"{name!r} is an item that every explanation may hold: choose another id")
    elif name in taken:
        place.wrong(f"the rule {name!r} stands in line {taken[name]} already: ids are unique")
    taken.setdefault(name, place.line)
    return name


def read_clamp(place: Place | None) -> tuple[int, int]:
    """`[low, high]` in points."""
    ends = [] if place is None else [item.points() for item in place.items()]
    if place is None or len(ends) != len(("low", "high")) or not ends[0] <= 0 <= ends[1]:
        if place is not None:
            place.wrong("a clamp is [low, high] with low ≤ 0 ≤ high")
        return 0, 0
    return ends[0], ends[1]


def read_fit(place: Place, facts: tuple[Fact, ...], taken: dict[str, int]) -> Fit:
    """Fit rules, over the facts and what the lists make of them."""
    found = place.fields(("clamp", "rules"))
    low, high = read_clamp(found.get("clamp"))
    names = DERIVED_FIELDS | {fact.name for fact in facts}
    rules = []
    for entry in found["rules"].items() if "rules" in found else []:
        parts = entry.fields(("id", "text", "when", "points"), ("set",))
        rules.append(
            FitRule(
                id=read_id(parts.get("id"), taken),
                text=parts["text"].text() if "text" in parts else "",
                when=when_of(parts.get("when"), names),
                points=parts["points"].points() if "points" in parts else 0,
                set=parts["set"].text() if "set" in parts else None,
            )
        )
    return Fit(low, high, tuple(rules))


def read_completeness(place: Place, facts: tuple[Fact, ...]) -> Completeness:
    """Weights of facts and contacts."""
    found = place.fields(("points", "weights"))
    known = (*CONTACTS, *(fact.name for fact in facts))
    weights = []
    for name, entry in found["weights"].pairs() if "weights" in found else ():
        if name not in known:
            entry.wrong(f"{name!r} is no fact: {', '.join(known)} are")
        weights.append((name, entry.count()))
    if "weights" in found and not weights:
        found["weights"].wrong("at least one weight is expected")
    return Completeness(found["points"].points() if "points" in found else 0, tuple(weights))


def read_quality(place: Place) -> tuple[str, Mapping[str, int]]:
    """The default quality and each quality's factor in millionths."""
    found = place.fields(("default", "factors"))
    factors = dict.fromkeys(QUALITIES, POINT)
    if "factors" in found:
        for name, entry in found["factors"].fields(QUALITIES).items():
            factors[name] = entry.points()
            if not 0 <= factors[name] <= POINT:
                entry.wrong("a factor lies between 0 and 1")
    return found["default"].choice(QUALITIES) if "default" in found else QUALITIES[0], factors


def read_grades(place: Place) -> tuple[tuple[Grade, int], ...]:
    """The fit at which the grades A, B and C begin."""
    found = place.fields(("A", "B", "C"))
    names: tuple[Grade, ...] = ("A", "B", "C")
    grades = [(name, found[name].points()) for name in names if name in found]
    if any(one[1] <= other[1] for one, other in pairwise(grades)):
        place.wrong("grades begin at falling numbers: A above B above C")
    return tuple(grades)


def read_temperatures(place: Place) -> Temperatures:
    """The limits of warm and hot, in order."""
    found = place.fields(("warm", "hot"))
    limits = {}
    for name, entry in found.items():
        ends = entry.fields(("from", "back_below"))
        limits[name] = [ends[end].points() if end in ends else 0 for end in ("from", "back_below")]
    (warm, warm_back), (hot, hot_back) = (limits.get(name, [0, 0]) for name in ("warm", "hot"))
    if not warm_back <= warm <= hot_back <= hot or warm == hot:
        place.wrong("limits rise: warm.back_below ≤ warm.from ≤ hot.back_below ≤ hot.from, and hot above warm")
    return Temperatures(warm, warm_back, hot, hot_back)
