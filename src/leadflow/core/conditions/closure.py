"""A condition as a Python function of a row."""

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from leadflow.core.conditions.condition import Condition
from leadflow.core.conditions.nodes import (
    AllOf,
    Always,
    AnyOf,
    Compare,
    Contains,
    Exists,
    FieldRef,
    Node,
    Not,
    OneOf,
    Scalar,
    StartsWith,
    Truth,
    Under,
    family_of,
)
from leadflow.core.conditions.words import holds_phrase, words_of

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
Getter = Callable[[Any], Any]

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_condition(
    condition: Condition, getter: Callable[[str], Getter] | None = None, truths: Collection[str] = ()
) -> Test:
    """A function of a row that never raises, whatever the row's values are.

    A dotted name `a.b.c` is looked up as the key `a.b.c`, else in the mapping under `a` as `b.c`, and so on.
    `getter`: how to read a field by its name from rows that are no mappings; the test then takes such a row. `truths`:
    the fields that it reads as True or False.
    """
    return _compile(condition.node, getter or _getter, truths)


def _compile(  # noqa: PLR0911  # one arm for each kind of node
    node: Node, getter: Callable[[str], Getter], truths: Collection[str]
) -> Test:
    match node:
        case AllOf(parts):
            return _all([_compile(part, getter, truths) for part in parts])
        case AnyOf(parts):
            return _any([_compile(part, getter, truths) for part in parts])
        case Truth(field) if field in truths:
            return getter(field)
        case Not(part):
            inner = _compile(part, getter, truths)
            return lambda row: not inner(row)
        case Always(constant):
            return lambda _: constant
        case Compare(field, op, value):
            if isinstance(value, FieldRef):
                return _between_fields(getter(field), _ORDERS[op], getter(value.name))
            return _with_constant(getter(field), op, value)
        case _:
            return _predicate(node, getter(node.field))


def _all(tests: Sequence[Test]) -> Test:
    """Most conditions are short: no loop for those."""
    match tests:
        case [one, other]:
            return lambda row: one(row) and other(row)
        case [one, other, third]:
            return lambda row: one(row) and other(row) and third(row)
        case _:
            return lambda row: all(test(row) for test in tests)


def _any(tests: Sequence[Test]) -> Test:
    match tests:
        case [one, other]:
            return lambda row: one(row) or other(row)
        case [one, other, third]:
            return lambda row: one(row) or other(row) or third(row)
        case _:
            return lambda row: any(test(row) for test in tests)


def _predicate(node: Truth | Exists | OneOf | Contains | StartsWith | Under, get: Getter) -> Test:
    match node:
        case Truth():
            return lambda row: bool(value := get(row)) and (value is True or _is_there(value))
        case Exists():
            return lambda row: _is_there(get(row))
        case OneOf(_, values):
            members = frozenset(values)
            return lambda row: family_of(value := get(row)) is not None and value in members
        case StartsWith(_, prefixes):
            return lambda row: isinstance(value := get(row), str) and value.startswith(prefixes)
        case Under(_, paths):
            below = tuple(path.rstrip("/") + "/" for path in paths)
            return lambda row: isinstance(value := get(row), str) and (value in paths or value.startswith(below))
        case Contains(_, phrases):
            wanted = tuple(map(words_of, phrases))
            return lambda row: _holds(get(row), wanted)


def _getter(name: str) -> Getter:
    parts = name.split(".")
    if len(parts) == 1:
        return lambda row: row.get(name)
    steps = tuple((".".join(parts[depth:]), parts[depth]) for depth in range(len(parts)))

    def get(row: Row) -> Any:
        for whole, first in steps:
            if whole in row:
                return row[whole]
            inner = row.get(first)
            if not isinstance(inner, Mapping):
                return None
            row = inner
        return None

    return get


def _is_there(value: Any) -> bool:
    """Not None, and no NaN: databases hold that as null."""
    return value is not None and (type(value) is not float or value == value)  # noqa: PLR0124  # NaN differs from itself


def _with_constant(get: Getter, op: str, constant: Scalar) -> Test:
    if op == "==":
        return lambda row: bool(get(row) == constant)
    kind, order = family_of(constant), _ORDERS[op]
    return lambda row: family_of(value := get(row)) == kind and order(value, constant)


def _between_fields(left: Getter, order: Callable[[Any, Any], bool], right: Getter) -> Test:
    def test(row: Row) -> bool:
        one, other = left(row), right(row)
        kind = family_of(one)
        return kind is not None and kind == family_of(other) and order(one, other)

    return test


def _holds(value: Any, phrases: tuple[tuple[tuple[str, str], ...], ...]) -> bool:
    """Text, or a list with a text, that holds one of the phrases."""
    if isinstance(value, str):
        words = words_of(value)
        return any(holds_phrase(words, phrase) for phrase in phrases)
    return isinstance(value, list | tuple) and any(isinstance(item, str) and _holds(item, phrases) for item in value)
