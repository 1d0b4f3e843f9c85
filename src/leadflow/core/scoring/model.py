"""The scoring model as loaded: what is worth how many points, for how long, and what the stages ask for.

Points are integer micro-points (1 point = 1_000_000), times milliseconds. `load.load_model` reads one from YAML.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from leadflow.core.conditions import Condition, fields_of

POINT = 1_000_000
"""Micro-points in a point."""

Grade = Literal["A", "B", "C", "D"]
GroupKind = Literal["interest", "intent", "usage", "negative"]
FactKind = Literal["text", "size", "presence"]


Test = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class When:
    """A condition as text and as a function of a row."""

    condition: Condition
    holds: Test


@dataclass(frozen=True, slots=True)
class Rule:
    """What a touchpoint is worth. `cap`: how many count on one day of the model's time zone, None without limit."""

    id: str
    text: str
    when: When
    points: int
    cap: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rules of one kind, with one half-life (ms) and one clamp (micro-points)."""

    name: str
    kind: GroupKind
    half_life: int
    low: int
    high: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class FitRule:
    """What a fact is worth. Of the rules of one `set` the first that holds counts."""

    id: str
    text: str
    when: When
    points: int
    set: str | None


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the lead fits: no decay."""

    low: int
    high: int
    rules: tuple[FitRule, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that touchpoints state: the first of these traits, or of these properties, that holds a value.

    `kind`: `text` and `size` (the lower bound of a number or a range) are kept, of a `presence` only that it is known.
    """

    name: str
    traits: tuple[str, ...]
    properties: tuple[str, ...]
    kind: FactKind


@dataclass(frozen=True, slots=True)
class Completeness:
    """Weights of what a full form holds; together they are worth `high`. `email` and `phone` mean kept identifiers."""

    high: int
    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Engagement (micro-points) from which a lead is warm or hot, and below which it falls back."""

    warm: int
    warm_back: int
    hot: int
    hot_back: int


@dataclass(frozen=True, slots=True)
class Events:
    """Event names in normal form, by what they mean."""

    conversion: frozenset[str]
    hand_raise: frozenset[str]
    purchase: frozenset[str]
    bounce: frozenset[str]
    email_engagement: frozenset[str]
    trial_started: frozenset[str]
    trial_ended: frozenset[str]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a stage asks for, in words and as a condition."""

    text: str
    when: When


_OF_THE_SCORE = frozenset({"engagement", "fit", "completeness", "total", "grade", "temperature"})


def _cheap_first(criteria: Iterable[Criterion]) -> list[Criterion]:
    return sorted(criteria, key=lambda part: not _OF_THE_SCORE.isdisjoint(fields_of(part.when.condition)))


@dataclass(frozen=True, slots=True)
class Regress:
    """Falling back for want of engagement: under so many micro-points for so long (ms)."""

    to: str
    under: int
    lasting: int


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, as its model is
class Stage:
    """A stage of the path. Entered when all `needs` and one of the `either` lists hold, or by an `action` of sales."""

    name: str
    needs: tuple[Criterion, ...] = ()
    either: tuple[tuple[Criterion, ...], ...] = ()
    action: str | None = None
    action_text: str = ""
    again: str | None = None  # in words: a new entry needs a touchpoint newer than the last exit
    from_any: bool = False  # else from the stage before only
    regress: Regress | None = None
    tests: tuple[tuple[Test, ...], ...] = field(init=False, repr=False)
    """Each way in as a list of tests, those that need no score first: most touchpoints move nobody."""
    asked: tuple[Criterion, ...] = field(init=False, repr=False)
    """All criteria: the `needs`, then each list of `either`."""

    def __post_init__(self) -> None:
        ways = self.either or ((),)
        tests = tuple(tuple(part.when.holds for part in _cheap_first((*self.needs, *way))) for way in ways)
        object.__setattr__(self, "tests", tests if self.needs or self.either else ())
        object.__setattr__(self, "asked", (*self.needs, *chain.from_iterable(self.either)))


@dataclass(frozen=True, slots=True)
class Detour:
    """A stage beside the path, entered by an `action`. From `back_after` (ms) on, an intent touchpoint may end it."""

    name: str
    action: str
    action_text: str
    back_to: str
    back_after: int | None
    back_text: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark that a lead carries as long as a condition over the facts of stages holds."""

    name: str
    text: str
    when: When


@dataclass(frozen=True, slots=True)
class Settings:
    """Lists that a company adapts. Texts compare by whole words, without regard to case and missing accents."""

    target_professions: tuple[str, ...]
    target_industries: tuple[str, ...]
    target_countries: tuple[str, ...]
    competitor_domains: frozenset[str]
    free_mail_domains: frozenset[str]
    free_plans: frozenset[str]
    trial_lasts: int


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: models are few, long-lived, and keys of caches
class Model:
    """A validated model. `version` is a hash of its content, whatever its comments and layout."""

    name: str
    version: str
    time_zone: str
    facts: tuple[Fact, ...]
    events: Events
    groups: tuple[Group, ...]
    fit: Fit
    completeness: Completeness
    source_quality: Mapping[str, int]  # micro: 1_000_000 leaves the engagement as it is
    default_quality: str
    grades: tuple[tuple[Grade, int], ...]  # from the best on: grade and the fit it begins at; below all of them: D
    temperatures: Temperatures
    stages: tuple[Stage, ...]
    detours: tuple[Detour, ...]
    flags: tuple[Flag, ...]
    settings: Settings
    rules: Mapping[str, Rule] = field(default_factory=dict)  # of all groups, by id
    kinds: Mapping[str, GroupKind] = field(default_factory=dict)  # rule id -> its group's kind
