"""A condition and the constructors for code; `parse` reads one from text."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from leadflow.core.conditions.nodes import (
    AllOf,
    Always,
    AnyOf,
    Compare,
    ConditionError,
    Exists,
    Node,
    Not,
    OneOf,
    Order,
    Scalar,
    fields_in,
)
from leadflow.core.conditions.render import render

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]

_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the fields of a row: its tree, and the text that it was read from or that says the same."""

    node: Node
    text: str = field(compare=False)


def condition_of(node: Node) -> Condition:
    """Wrap a tree that has been checked."""
    return Condition(node, render(node))


def fields_of(condition: Condition) -> frozenset[str]:
    """The names of all fields that a condition reads."""
    return fields_in(condition.node)


def checked(value: object) -> Scalar:
    """A constant that every back end can hold: text without surrogates, 64-bit integers, finite floats, booleans."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ConditionError(
                f"the text {value[:40]!a} holds half a surrogate pair, which is no character"
            ) from None
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ConditionError(f"{str(value)[:40]!a} is no value: text, 64-bit integers, finite numbers, true and false are")


def compare(field: str, op: Comparison, value: Scalar | None) -> Condition:
    """`field op value`. Comparing with None by == or != asks whether the field is missing."""
    return condition_of(comparison(field, op, value))


def comparison(field: str, op: str, value: object) -> Node:
    """The tree of `field op value`; ConditionError for an operator or a value that there is not."""
    if op not in get_args(Comparison):
        raise ConditionError(f"{op!r} is no comparison: {', '.join(get_args(Comparison))} are")
    if value is None:
        if op not in {"==", "!="}:
            raise ConditionError(f"nothing is {op} None: use exists({field})")
        return Exists(field) if op == "!=" else Not(Exists(field))
    if op == "!=":
        return Not(Compare(field, "==", checked(value)))
    ordered: Order = op  # type: ignore[assignment]  # one of the comparisons, and not the one above
    return Compare(field, ordered, checked(value))


def membership(field: str, values: Iterable[object]) -> Node:
    """The tree of `field in values`; None among them stands for a missing field."""
    given = tuple(dict.fromkeys(values))
    member = OneOf(field, tuple(checked(value) for value in given if value is not None))
    return AnyOf((member, Not(Exists(field)))) if None in given else member


def equals(field: str, value: Scalar | None) -> Condition:
    """`field == value`; None asks whether the field is missing."""
    return compare(field, "==", value)


def one_of(field: str, values: Iterable[Scalar | None]) -> Condition:
    """`field in values`."""
    return condition_of(membership(field, values))


def exists(field: str) -> Condition:
    """The field holds a value."""
    return condition_of(Exists(field))


def all_of(*conditions: Condition) -> Condition:
    """Every condition holds; without any: always."""
    return condition_of(conjunction(tuple(condition.node for condition in conditions)))


def any_of(*conditions: Condition) -> Condition:
    """At least one condition holds; without any: never."""
    return condition_of(disjunction(tuple(condition.node for condition in conditions)))


def negate(condition: Condition) -> Condition:
    """The condition does not hold."""
    return condition_of(negation(condition.node))


def conjunction(parts: tuple[Node, ...]) -> Node:
    """Every part, flattened."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, AllOf) else (part,)))
    return flat[0] if len(flat) == 1 else AllOf(flat) if flat else Always(value=True)


def disjunction(parts: tuple[Node, ...]) -> Node:
    """One of the parts, flattened."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, AnyOf) else (part,)))
    return flat[0] if len(flat) == 1 else AnyOf(flat) if flat else Always(value=False)


def negation(part: Node) -> Node:
    """The opposite, without a double `not`."""
    return part.part if isinstance(part, Not) else Not(part)
