"""A condition as a FILTER of an ArangoDB query, with bind variables only.

AQL knows no "unknown": null is a value, and comes before all others. So each test says that the field is not null where
that matters, and a negation is simply one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadflow.core.conditions.condition import Condition
from leadflow.core.conditions.nodes import (
    AllOf,
    Always,
    AnyOf,
    Compare,
    ConditionError,
    Exists,
    FieldRef,
    Node,
    Not,
    OneOf,
    StartsWith,
    Truth,
    Under,
    family_of,
)

_OPERATORS = {"==": "==", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def to_aql(
    condition: Condition, fields: Mapping[str, type], *, place: str, text: Callable[[str], str]
) -> tuple[str, dict[str, Any]]:
    """The text of a FILTER and its bind values, named c0, c1, ….

    `fields` are what may be named: str, Digest, or int, float and bool. `place` is what they are attributes of: `d.q`.
    `text` is how text is stored; it has to keep the order of code points and prefixes, and use no character behind "f".
    Raises ConditionError for a field that there is not and for what AQL cannot express.
    """
    writer = _Writer(fields, place, text)
    return writer.clause(condition.node), writer.values


class _Writer:
    """Writes clauses and collects their values."""

    def __init__(self, fields: Mapping[str, type], place: str, text: Callable[[str], str]) -> None:
        self._fields = fields
        self._place = place
        self._text = text
        self.values: dict[str, Any] = {}

    def clause(self, node: Node) -> str:  # noqa: C901, PLR0911 - one arm for each kind of node
        match node:
            case Not(part):
                return f"!({self.clause(part)})"
            case AllOf(parts):
                return self._joined(" && ", parts)
            case AnyOf(parts):
                return self._joined(" || ", parts)
            case Always(value):
                return "true" if value else "false"
            case Compare(field, operator, value):
                return self._comparison(field, operator, value)
            case Exists(field):
                return f"{self._name(field)} != null"
            case Truth(field):
                empty = self._bind("" if issubclass(self._fields.get(field, int), str) else 0)
                return f"({self._name(field)} != null && {self._name(field)} != {empty})"
            case OneOf(field, values):
                return self._member(field, values)
            case StartsWith(field, prefixes):
                return self._ranges(field, (), prefixes)
            case Under(field, paths):
                return self._ranges(field, paths, tuple(path.rstrip("/") + "/" for path in paths))
            case _:
                raise ConditionError(
                    f"contains({node.field}, ...) cannot be a query: compare whole values or use starts_with"
                )

    def _joined(self, sign: str, parts: Sequence[Node]) -> str:
        return f"({sign.join(self.clause(part) for part in parts)})"

    def _name(self, field: str) -> str:
        if field not in self._fields:
            known = ", ".join(sorted(self._fields)) or "no field"
            raise ConditionError(f"{field!r} cannot be queried: {known} can")
        return f"{self._place}.`{field}`"

    def _bind(self, value: Any) -> str:
        name = f"c{len(self.values)}"
        self.values[name] = self._text(value) if isinstance(value, str) else value
        return f"@{name}"

    def _kind(self, field: str) -> str:
        return "text" if issubclass(self._fields[field], str) else "number"

    def _comparison(self, field: str, operator: str, value: object) -> str:
        name, sign = self._name(field), _OPERATORS[operator]
        if isinstance(value, FieldRef):
            other = self._name(value.name)
            if self._kind(field) != self._kind(value.name):
                return "false"
            return f"({name} != null && {other} != null && {name} {sign} {other})"
        if family_of(value) != self._kind(field):
            return "false"
        test = f"{name} {sign} {self._bind(_plain(value))}"
        return f"({name} != null && {test})" if sign in {"<", "<="} else test

    def _member(self, field: str, values: Sequence[object]) -> str:
        name = self._name(field)
        alike = [_plain(value) for value in values if family_of(value) == self._kind(field)]
        if not alike:
            return "false"
        return f"{name} IN [{', '.join(self._bind(value) for value in alike)}]"

    def _ranges(self, field: str, exact: Sequence[str], prefixes: Sequence[str]) -> str:
        """A prefix is a range in the order of stored text, so that an index serves it."""
        name = self._name(field)
        if self._kind(field) != "text":
            return "false"
        tests = [f"{name} == {self._bind(text)}" for text in exact]
        for prefix in prefixes:
            start = self._bind(prefix)
            behind = f"c{len(self.values)}"
            self.values[behind] = self._text(prefix) + "g"  # behind all that is written with 0-9 and a-f
            tests.append(f"({name} >= {start} && {name} < @{behind})")
        return f"({' || '.join(tests)})"


def _plain(value: object) -> object:
    """Booleans are stored as the numbers 0 and 1, and true is not 1 for AQL."""
    return int(value) if isinstance(value, bool) else value
