"""The tree of a condition. Every node is either true or false of a row, never unknown."""

from dataclasses import dataclass
from typing import Literal

Scalar = str | int | float | bool
Order = Literal["==", "<", "<=", ">", ">="]
Family = Literal["text", "number"]


class ConditionError(ValueError):
    """A condition that is none, or that a back end cannot express; the text says where and what is allowed."""


@dataclass(frozen=True, slots=True)
class FieldRef:
    """Another field, as the right side of a comparison."""

    name: str


@dataclass(frozen=True, slots=True)
class Always:
    """True or false of every row."""

    value: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """The field holds something that is neither empty, zero nor false."""

    field: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The field holds a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Compare:
    """False when the field is missing or of another type than the value. Booleans are the numbers 0 and 1."""

    field: str
    op: Order
    value: Scalar | FieldRef


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field equals one of the values."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """One of the phrases stands in the text as whole words, tolerant of case and of missing accents."""

    field: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The text begins with one of the prefixes, to the letter."""

    field: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Under:
    """The path is one of the given ones or lies below it. Given paths are lower case without a trailing slash."""

    field: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is false."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part is true."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part is true."""

    parts: "tuple[Node, ...]"


Node = Always | Truth | Exists | Compare | OneOf | Contains | StartsWith | Under | Not | AllOf | AnyOf


def family_of(value: object) -> Family | None:
    """Text or number (booleans count as 0 and 1); None for what compares with nothing."""
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float) else None


def fields_in(node: Node) -> frozenset[str]:
    """The names of all fields that a tree reads."""
    match node:
        case Always():
            return frozenset()
        case Not(part):
            return fields_in(part)
        case AllOf(parts) | AnyOf(parts):
            return frozenset[str]().union(*map(fields_in, parts))
        case Compare(field, _, FieldRef(other)):
            return frozenset((field, other))
        case _:
            return frozenset((node.field,))
