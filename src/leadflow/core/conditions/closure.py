"""A condition as a Python function of a row."""

import operator
from collections.abc import Callable, Mapping
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

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_condition(condition: Condition) -> Test:
    """A function of a row that never raises, whatever the row's values are.

    A dotted name `a.b.c` is looked up as the key `a.b.c`, else in the mapping under `a` as `b.c`, and so on.
    """
    return _compile(condition.node)


def _compile(node: Node) -> Test:  # noqa: PLR0911  # one arm for each kind of node
    match node:
        case AllOf(parts):
            every = tuple(map(_compile, parts))
            return lambda row: all(test(row) for test in every)
        case AnyOf(parts):
            some = tuple(map(_compile, parts))
            return lambda row: any(test(row) for test in some)
        case Not(part):
            inner = _compile(part)
            return lambda row: not inner(row)
        case Always(constant):
            return lambda _: constant
        case Compare(field, op, value):
            if isinstance(value, FieldRef):
                return _between_fields(_getter(field), _ORDERS[op], _getter(value.name))
            return _with_constant(_getter(field), op, value)
        case _:
            return _predicate(node)


def _predicate(node: Truth | Exists | OneOf | Contains | StartsWith | Under) -> Test:
    get = _getter(node.field)
    match node:
        case Truth():
            return _truth(node.field, get)
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


def _truth(name: str, get: Callable[[Row], Any]) -> Test:
    """The commonest condition, with the fewest calls: NaN, which differs from itself, is no truth."""
    if "." in name:
        return lambda row: _is_there(value := get(row)) and bool(value)
    return lambda row: bool(value := row.get(name)) and (value is True or value == value)  # noqa: PLR0124


def _getter(name: str) -> Callable[[Row], Any]:
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


def _with_constant(get: Callable[[Row], Any], op: str, constant: Scalar) -> Test:
    if op == "==":
        return lambda row: bool(get(row) == constant)
    kind, order = family_of(constant), _ORDERS[op]
    return lambda row: family_of(value := get(row)) == kind and order(value, constant)


def _between_fields(left: Callable[[Row], Any], order: Callable[[Any, Any], bool], right: Callable[[Row], Any]) -> Test:
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
