"""A tree as text that parses to the same tree."""

from collections.abc import Iterable

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
)


def render(node: Node) -> str:
    """Write a tree in the language that `parse` reads."""
    match node:
        case AllOf(parts):
            return " and ".join(_nested(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_nested(part) for part in parts)
        case Not(Compare(field, "==", value)):
            return f"{field} != {_operand(value)}"
        case Not(OneOf(field, values)):
            return f"{field} not in [{_joined(values)}]"
        case Not(part):
            return f"not {_nested(part)}"
        case _:
            return _leaf(node)


def _leaf(node: Node) -> str:  # noqa: PLR0911  # one arm for each kind of node
    match node:
        case Compare(field, op, value):
            return f"{field} {op} {_operand(value)}"
        case OneOf(field, values):
            return f"{field} in [{_joined(values)}]"
        case Exists(field):
            return f"exists({field})"
        case Contains(field, texts):
            return f"contains({field}, {_joined(texts)})"
        case StartsWith(field, texts):
            return f"starts_with({field}, {_joined(texts)})"
        case Under(field, texts):
            return f"under({field}, {_joined(texts)})"
        case Truth(field):
            return field
        case Always(value):
            return str(value)
        case _:  # unreachable: `render` writes what holds other nodes
            return f"({render(node)})"


def _nested(node: Node) -> str:
    return f"({render(node)})" if isinstance(node, AllOf | AnyOf) else render(node)


def _operand(value: Scalar | FieldRef) -> str:
    return value.name if isinstance(value, FieldRef) else repr(value)


def _joined(values: Iterable[Scalar]) -> str:
    return ", ".join(map(repr, values))
