"""Conditions as text: a subset of Python's expressions, read with Python's own parser and never executed."""

import ast
import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from leadflow.core.conditions.condition import (
    Condition,
    checked,
    comparison,
    conjunction,
    disjunction,
    membership,
    negation,
)
from leadflow.core.conditions.nodes import (
    Always,
    Compare,
    ConditionError,
    Contains,
    Exists,
    FieldRef,
    Node,
    Order,
    StartsWith,
    Truth,
    Under,
)
from leadflow.core.conditions.words import words_of

T = TypeVar("T")

MAX_LENGTH = 4_000
MAX_DEPTH = 32

_ALLOWED = (
    "allowed are field names, text, numbers, True, False, None, and/or/not, == != < <= > >= in, [lists], "
    "contains(), starts_with(), under() and exists()"
)
_ORDERS: dict[type[ast.cmpop], Order] = {ast.Eq: "==", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_MIRRORED: dict[Order, Order] = {"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CALLS = ("contains", "starts_with", "under", "exists")


def parse(text: str) -> Condition:
    """Read a condition; ConditionError names the column (from 1) and what is allowed there."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"the condition has {len(text)} characters: at most {MAX_LENGTH} are allowed")
    line = " ".join(text.splitlines())  # a condition may be folded over several lines
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a dubious escape such as '\d' is an error, not a message on the console
            tree = ast.parse(line.strip(), mode="eval")
    except SyntaxError as error:
        raise ConditionError(f"column {error.offset or 1}: {error.msg}; {_ALLOWED}") from None
    except (ValueError, RecursionError, MemoryError, Warning) as error:
        raise ConditionError(f"column 1: not a condition ({error}); {_ALLOWED}") from None
    return Condition(_Reader(line.strip()).condition(tree.body, 0), line.strip())


class _Reader:
    """Turns Python's tree into ours; holds the text for the columns in errors."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()

    def condition(self, node: ast.expr, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._error(node, f"nested deeper than {MAX_DEPTH} levels")
        match node:
            case ast.BoolOp(op, values):
                join = conjunction if isinstance(op, ast.And) else disjunction
                return join(tuple(self.condition(value, depth + 1) for value in values))
            case ast.UnaryOp(ast.Not(), operand):
                return negation(self.condition(operand, depth + 1))
            case ast.Compare(left, ops, comparators):
                return self._chain(left, ops, comparators)
            case ast.Call():
                return self._call(node)
            case ast.Constant(bool() as value):
                return Always(value)
            case _:
                return Truth(self._field(node))

    def _chain(self, left: ast.expr, ops: Sequence[ast.cmpop], comparators: Sequence[ast.expr]) -> Node:
        lefts = (left, *comparators)
        return conjunction(
            tuple(self._pair(one, op, other) for one, op, other in zip(lefts, ops, comparators, strict=False))
        )

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(op, ast.In | ast.NotIn):
            member = self._member(left, right)
            return negation(member) if isinstance(op, ast.NotIn) else member
        negated = isinstance(op, ast.NotEq)
        order = "==" if negated else _ORDERS.get(type(op))
        if order is None:
            raise self._error(left, "`is` compares nothing here: use == or exists()")
        if not _names_field(left):
            if not _names_field(right):
                raise self._error(left, "two constants are compared: name a field on one side")
            left, right, order = right, left, _MIRRORED[order]
        field = self._field(left)
        if _names_field(right):
            node: Node = Compare(field, order, FieldRef(self._field(right)))
        else:
            node = self._checked(right, lambda: comparison(field, order, self._constant(right)))
        return negation(node) if negated else node

    def _member(self, left: ast.expr, right: ast.expr) -> Node:
        if not isinstance(right, ast.List | ast.Tuple | ast.Set):
            raise self._error(right, "`in` needs a list such as ['a', 'b']; to look into a text use contains()")
        field = self._field(left)
        return membership(field, [self._constant(item) for item in right.elts])

    def _call(self, node: ast.Call) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _CALLS or node.keywords or not node.args:
            raise self._error(node, f"no such call; {_ALLOWED}")
        field, texts = self._field(node.args[0]), tuple(self._text(item) for item in node.args[1:])
        if name == "exists":
            if texts:
                raise self._error(node, "exists() takes one field")
            return Exists(field)
        if not texts:
            raise self._error(node, f"{name}() takes a field and at least one text")
        if name == "under":
            return Under(field, tuple(self._path(item) for item in node.args[1:]))
        if name == "starts_with":
            return StartsWith(field, texts)
        for item, text in zip(node.args[1:], texts, strict=True):
            if not words_of(text):
                raise self._error(item, f"{text!r} holds no word to look for")
        return Contains(field, texts)

    def _field(self, node: ast.expr) -> str:
        match node:
            case ast.Name(name):
                return name
            case ast.Attribute(value, name) if _names_field(value):
                return f"{self._field(value)}.{name}"
            case _:
                raise self._error(node, f"a field name is expected; {_ALLOWED}")

    def _constant(self, node: ast.expr) -> object:
        match node:
            case ast.Constant(None):
                return None
            case ast.Constant(value):
                return self._checked(node, lambda: checked(value))
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)) if not isinstance(value, bool):
                return self._checked(node, lambda: checked(-value))
            case _:
                raise self._error(node, f"a constant is expected; {_ALLOWED}")

    def _text(self, node: ast.expr) -> str:
        value = self._constant(node)
        if not isinstance(value, str) or not value:
            raise self._error(node, "a text that is not empty is expected")
        return value

    def _path(self, node: ast.expr) -> str:
        text = self._text(node)
        if not text.startswith("/"):
            raise self._error(node, f"{text!r} is no path: it starts with /")
        return text.rstrip("/").lower() or "/"

    def _checked(self, node: ast.expr, make: Callable[[], T]) -> T:
        try:
            return make()
        except ConditionError as error:
            raise self._error(node, str(error)) from None

    def _error(self, node: ast.expr, reason: str) -> ConditionError:
        column = len(self._bytes[: node.col_offset].decode(errors="ignore")) + 1
        return ConditionError(f"column {column}: {reason}")


def _names_field(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
