"""Evaluates a query's tree: rows, which are variables with values, pass from one statement to the next."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tools.arango_double import errors
from tools.arango_double.aql import nodes
from tools.arango_double.aql.functions import call
from tools.arango_double.aql.values import equal, is_true, number, order
from tools.arango_double.errors import ArangoError

Row = dict[str, Any]
Document = dict[str, Any]


class Documents(Protocol):
    """What a query needs of a database."""

    def scan(self, collection: str) -> Iterable[Document]:
        """All documents of a collection. Error 1203 where there is none."""

    def change(
        self, kind: str, collection: str, key: Any, value: Any, options: Mapping[str, Any]
    ) -> tuple[Document | None, Document | None]:
        """Change one document: what it was and what it is."""


@dataclass(slots=True)
class Statistics:
    """What a query did, as the server reports it."""

    scanned: int = 0
    filtered: int = 0
    written: int = 0
    ignored: int = 0


@dataclass(slots=True)
class Execution:
    """One run of one query."""

    documents: Documents
    binds: Mapping[str, Any]
    statistics: Statistics = field(default_factory=Statistics)
    used: set[str] = field(default_factory=set)

    def run(self, query: nodes.Query) -> list[Any]:
        """Everything that the query returns. Error 1552 for a bind parameter that it does not name."""
        result = self._rows(query, [{}])
        unknown = self.binds.keys() - self.used - _binds(query)
        if unknown:
            raise ArangoError(errors.BIND_UNKNOWN, f"bind parameter '{min(unknown)}' was not declared in the query")
        return result

    # --- statements

    def _rows(self, query: nodes.Query, start: list[Row]) -> list[Any]:
        rows: Iterator[Row] = iter(start)
        for statement in query.statements:
            if isinstance(statement, nodes.Return):
                return self._returned(statement, rows)
            rows = self._pass(statement, rows)
        for _ in rows:  # a modification without RETURN
            pass
        return []

    def _pass(self, statement: nodes.Statement, rows: Iterator[Row]) -> Iterator[Row]:  # noqa: PLR0911 - one for each
        match statement:
            case nodes.For():
                return self._for(statement, rows)
            case nodes.Filter():
                return self._filter(statement, rows)
            case nodes.Let(variable, value):
                return ({**row, variable: self.value(value, row)} for row in rows)
            case nodes.Sort():
                return self._sorted(statement, rows)
            case nodes.Limit():
                return self._limited(statement, rows)
            case nodes.Collect():
                return self._collected(statement, rows)
            case nodes.Modify():
                return self._modified(statement, list(rows))  # all is read before anything is written
            case _:
                raise TypeError(statement)

    def _returned(self, statement: nodes.Return, rows: Iterator[Row]) -> list[Any]:
        values = [self.value(statement.value, row) for row in rows]
        return call("UNIQUE", [values]) if statement.distinct else values

    def _for(self, statement: nodes.For, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            name = self._collection(statement.source, row)
            if name is None:
                items = self.value(statement.source, row)
                if not isinstance(items, list):
                    raise ArangoError(errors.BAD_PARAMETER, "AQL: FOR needs an array or a collection")
                yield from ({**row, statement.variable: item} for item in items)
            else:
                for document in list(self.documents.scan(name)):
                    self.statistics.scanned += 1
                    yield {**row, statement.variable: document}

    def _filter(self, statement: nodes.Filter, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if is_true(self.value(statement.test, row)):
                yield row
            else:
                self.statistics.filtered += 1

    def _sorted(self, statement: nodes.Sort, rows: Iterator[Row]) -> Iterator[Row]:
        found = list(rows)
        for expression, descending in reversed(statement.by):
            found.sort(key=lambda row, by=expression: order(self.value(by, row)), reverse=descending)  # type: ignore[misc]
        return iter(found)

    def _limited(self, statement: nodes.Limit, rows: Iterator[Row]) -> Iterator[Row]:
        offset, count = self.value(statement.offset, {}), self.value(statement.count, {})
        bounds = (offset,) if count is None else (offset, count)
        if not all(isinstance(bound, int) and bound >= 0 for bound in bounds):
            raise ArangoError(errors.PARSE, "AQL: LIMIT takes numbers from 0, or null for no end")
        return iter(list(rows)[offset : None if count is None else offset + count])

    def _collected(self, statement: nodes.Collect, rows: Iterator[Row]) -> Iterator[Row]:
        groups: dict[tuple[Any, ...], tuple[Row, list[Row]]] = {}
        for row in rows:
            values = {name: self.value(expression, row) for name, expression in statement.groups}
            key = tuple(order(value) for value in values.values())
            groups.setdefault(key, (values, []))[1].append(row)
        if not statement.groups and not groups:
            groups[()] = ({}, [])
        for key in sorted(groups):
            values, members = groups[key]
            for name, aggregate in statement.aggregates:
                argument = [self.value(aggregate.arguments[0], row) for row in members] if aggregate.arguments else []
                values[name] = call(aggregate.name, [argument])
            if statement.into:
                values[statement.into] = members
            if statement.counted:
                values[statement.counted] = len(members)
            yield values

    def _modified(self, statement: nodes.Modify, rows: list[Row]) -> Iterator[Row]:
        for row in rows:
            name = self._collection(statement.collection, row)
            if name is None:
                raise ArangoError(errors.PARSE, f"AQL: {statement.kind} needs a collection")
            options = self.value(statement.options, row)
            key = None if statement.key is None else self.value(statement.key, row)
            value = None if statement.value is None else self.value(statement.value, row)
            try:
                old, new = self.documents.change(statement.kind, name, key, value, options)
            except ArangoError:
                if not options.get("ignoreErrors"):
                    raise
                self.statistics.ignored += 1
                continue
            self.statistics.written += 1
            yield {**row, "OLD": old, "NEW": new}

    # --- expressions

    def value(self, expression: nodes.Expression, row: Row) -> Any:  # noqa: C901, PLR0911, PLR0912 - one arm for each kind
        """What an expression is in a row."""
        match expression:
            case nodes.Literal(value):
                return value
            case nodes.Variable(name):
                if name not in row:
                    raise ArangoError(errors.PARSE, f"AQL: unknown variable '{name}'")
                return row[name]
            case nodes.Bind(name):
                return self._bound(name)
            case nodes.Attribute(of, name):
                return _attribute(self.value(of, row), self.value(name, row))
            case nodes.Expansion(of, each):
                items = self.value(of, row)
                return [self.value(each, {**row, "CURRENT": item}) for item in items or []]
            case nodes.Unary(sign, of):
                return _unary(sign, self.value(of, row))
            case nodes.Binary():
                return self._binary(expression, row)
            case nodes.Choice(test, yes, no):
                return self.value(yes if is_true(self.value(test, row)) else no, row)
            case nodes.Array(items):
                return [self.value(item, row) for item in items]
            case nodes.Object(pairs):
                return {str(self.value(name, row)): self.value(value, row) for name, value in pairs}
            case nodes.Call(name, arguments):
                return call(name, [self._argument(argument, row) for argument in arguments])
            case nodes.Subquery(query):
                return self._rows(query, [row])

    def _argument(self, expression: nodes.Expression, row: Row) -> Any:
        """An argument of a function; the name of a collection stands for its documents."""
        name = self._collection(expression, row)
        return self.value(expression, row) if name is None else list(self.documents.scan(name))

    def _binary(self, expression: nodes.Binary, row: Row) -> Any:
        left = self.value(expression.left, row)
        match expression.sign:
            case "||":
                return left if is_true(left) else self.value(expression.right, row)
            case "&&":
                return self.value(expression.right, row) if is_true(left) else left
        right = self.value(expression.right, row)
        sign = SIGNS[expression.sign]
        if not expression.quantifier:
            return sign(left, right)
        outcomes = [is_true(sign(item, right)) for item in left or []]
        return {"ALL": all(outcomes), "ANY": any(outcomes), "NONE": not any(outcomes)}[expression.quantifier]

    def _bound(self, name: str) -> Any:
        if name not in self.binds:
            raise ArangoError(errors.BIND_MISSING, f"no value specified for declared bind parameter '{name}'")
        self.used.add(name)
        return self.binds[name]

    def _collection(self, expression: nodes.Expression, row: Row) -> str | None:
        """The name of the collection that an expression names, None when it is a value."""
        if isinstance(expression, nodes.Bind) and expression.name.startswith("@"):
            return str(self._bound(expression.name))
        if isinstance(expression, nodes.Variable) and expression.name not in row:
            return expression.name
        return None


def _attribute(of: Any, name: Any) -> Any:
    """An attribute or an element; null where there is none."""
    if isinstance(of, dict):
        return of.get(str(name))
    if isinstance(of, list) and isinstance(name, int) and -len(of) <= name < len(of):
        return of[name]
    return None


def _unary(sign: str, value: Any) -> Any:
    if sign == "!":
        return not is_true(value)
    known = number(value)
    return None if known is None else -known if sign == "-" else known


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def sign(left: Any, right: Any) -> Any:
        first, second = number(left), number(right)
        return None if first is None or second is None else operate(first, second)

    return sign


def _in(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(equal(left, item) for item in right)


SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": lambda left, right: order(left) < order(right),
    "<=": lambda left, right: order(left) <= order(right),
    ">": lambda left, right: order(left) > order(right),
    ">=": lambda left, right: order(left) >= order(right),
    "IN": _in,
    "NOT IN": lambda left, right: not _in(left, right),
    "LIKE": lambda left, right: call("LIKE", [left, right]),
    "NOT LIKE": lambda left, right: not call("LIKE", [left, right]),
    "..": lambda left, right: list(range(left, right + 1)),
    "+": _arithmetic(lambda left, right: left + right),
    "-": _arithmetic(lambda left, right: left - right),
    "*": _arithmetic(lambda left, right: left * right),
    "/": _arithmetic(lambda left, right: left / right if right else None),
    "%": _arithmetic(lambda left, right: left % right if right else None),
}


def _binds(tree: Any) -> set[str]:
    """The names of all bind parameters of a tree, also of those that no row reached."""
    if isinstance(tree, nodes.Bind):
        return {tree.name}
    if isinstance(tree, tuple):
        return set[str]().union(*map(_binds, tree))
    slots = getattr(tree, "__slots__", ())
    return set[str]().union(*(_binds(getattr(tree, name)) for name in slots))
