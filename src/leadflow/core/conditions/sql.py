"""A condition as the WHERE clause of a SQLite query, with bind variables only.

Negations are pushed down to the leaves: where a column is NULL, a plain leaf is then unknown, which WHERE takes for
false, and a negated one says `OR ... IS NULL`. So the clause means what the closure means and can still use an index.
"""

from collections.abc import Mapping, Sequence
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
from leadflow.core.digest import Digest, packed

Clause = tuple[str, list[Any]]

_TRUE: Clause = ("1", [])
_FALSE: Clause = ("0", [])
_SQL_ORDER = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OPPOSITE = {"==": "<>", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_LAST_CHARACTER = 0x10FFFF
_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF


def to_sql(condition: Condition, fields: Mapping[str, type]) -> Clause:
    """The text of a WHERE clause and its bind values. `fields` are the columns: str, Digest (packed), or numbers.

    Raises ConditionError for a field that is no column and for what SQL cannot express.
    """
    return _clause(condition.node, fields, positive=True)


# One arm for each kind of node.
def _clause(node: Node, fields: Mapping[str, type], *, positive: bool) -> Clause:  # noqa: C901, PLR0911
    match node:
        case Not(part):
            return _clause(part, fields, positive=not positive)
        case AllOf(parts):
            return _joined("AND" if positive else "OR", parts, fields, positive=positive)
        case AnyOf(parts):
            return _joined("OR" if positive else "AND", parts, fields, positive=positive)
        case Always(value):
            return _TRUE if value is positive else _FALSE
        case Compare(field, op, value):
            return _comparison(field, op, value, fields, positive=positive)
        case Exists(field):
            return f"{_column(field, fields)} IS {'NOT NULL' if positive else 'NULL'}", []
        case Truth(field):
            empty = "''" if _kind(fields.get(field, int)) == "text" else "0"
            return _leaf(_column(field, fields), f"<> {empty}", f"= {empty}", [], positive=positive)
        case OneOf(field, values):
            return _member(field, values, fields, positive=positive)
        case StartsWith(field, prefixes):
            return _ranges(field, (), prefixes, fields, positive=positive)
        case Under(field, paths):
            return _ranges(field, paths, tuple(path.rstrip("/") + "/" for path in paths), fields, positive=positive)
        case _:
            raise ConditionError(
                f"contains({node.field}, ...) cannot be a query: compare whole values or use starts_with"
            )


def _joined(word: str, parts: Sequence[Node], fields: Mapping[str, type], *, positive: bool) -> Clause:
    clauses = [_clause(part, fields, positive=positive) for part in parts]
    return f"({f' {word} '.join(text for text, _ in clauses)})", [value for _, values in clauses for value in values]


def _column(field: str, fields: Mapping[str, type]) -> str:
    if field not in fields:
        raise ConditionError(f"{field!r} cannot be queried: {', '.join(sorted(fields)) or 'no field'} can")
    return '"' + field.replace('"', '""') + '"'


def _leaf(column: str, test: str, opposite: str, values: list[Any], *, positive: bool) -> Clause:
    return (f"{column} {test}", values) if positive else (f"({column} {opposite} OR {column} IS NULL)", values)


def _comparison(field: str, op: str, value: object, fields: Mapping[str, type], *, positive: bool) -> Clause:
    column = _column(field, fields)
    other = _column(value.name, fields) if isinstance(value, FieldRef) else None
    kind = _kind(fields[value.name]) if isinstance(value, FieldRef) else family_of(value)
    if kind != _kind(fields[field]):
        return _FALSE if positive else _TRUE  # decided here: SQLite would convert one side to the other's type
    if op != "==" or other is not None:
        _refuse_digest(field, fields)
    test, opposite = _SQL_ORDER[op], _OPPOSITE[op]
    if other is None:
        return _leaf(column, f"{test} ?", f"{opposite} ?", [_bound(value, fields[field])], positive=positive)
    if positive:
        return f"{column} {test} {other}", []
    return f"({column} {opposite} {other} OR {column} IS NULL OR {other} IS NULL)", []


def _kind(column_type: type) -> str:
    return "text" if issubclass(column_type, str) else "number"


def _bound(value: Any, column_type: type) -> Any:
    """A value as the column holds it."""
    return packed(value) if column_type is Digest else value


def _refuse_digest(field: str, fields: Mapping[str, type]) -> None:
    if fields[field] is Digest:
        raise ConditionError(f"{field!r} is a digest: it can only be compared for equality with a value")


def _member(field: str, values: Sequence[object], fields: Mapping[str, type], *, positive: bool) -> Clause:
    column = _column(field, fields)
    alike = [value for value in values if family_of(value) == _kind(fields[field])]
    if not alike:
        return _FALSE if positive else _TRUE
    marks = ", ".join("?" * len(alike))
    bound = [_bound(value, fields[field]) for value in alike]
    return _leaf(column, f"IN ({marks})", f"NOT IN ({marks})", bound, positive=positive)


def _ranges(
    field: str, exact: Sequence[str], prefixes: Sequence[str], fields: Mapping[str, type], *, positive: bool
) -> Clause:
    """A prefix is a range of the column's order, which is that of code points: an index serves it, NUL does no harm."""
    column = _column(field, fields)
    _refuse_digest(field, fields)
    if fields[field] is not str:
        return _FALSE if positive else _TRUE
    tests: list[str] = []
    values: list[Any] = []
    for text in exact:
        tests.append(f"{column} = ?")
        values.append(text)
    for prefix in prefixes:
        behind = _behind(prefix)
        tests.append(f"({column} >= ?" + (f" AND {column} < ?)" if behind is not None else ")"))
        values += [prefix] if behind is None else [prefix, behind]
    any_test = f"({' OR '.join(tests)})"
    return (any_test, values) if positive else (f"(NOT {any_test} OR {column} IS NULL)", values)


def _behind(prefix: str) -> str | None:
    """The least text behind all that begin with the prefix; None: there is no end."""
    kept = prefix.rstrip(chr(_LAST_CHARACTER))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    if _FIRST_SURROGATE <= following <= _LAST_SURROGATE:
        following = _LAST_SURROGATE + 1
    return kept[:-1] + chr(following)
