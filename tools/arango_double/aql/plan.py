"""Which index would serve a query: what `explain` answers, so that a test can name the index of each query.

Near to the server's rule for one collection: equalities on a prefix of an index's fields, then a range or the sort
order on what follows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tools.arango_double.aql import nodes

Fields = Sequence[str]
_RANGES = frozenset(("<", "<=", ">", ">="))


def indexes_used(
    query: nodes.Query, binds: Mapping[str, Any], indexes: Mapping[str, Mapping[str, Fields]]
) -> list[tuple[str, str | None]]:
    """For each FOR over a collection: its name, and the name of the index that serves it or None.

    `indexes`: {collection: {name: fields}}.
    """
    found = []
    for place, statement in enumerate(query.statements):
        if isinstance(statement, nodes.For):
            name = _collection_of(statement.source, binds)
            if name in indexes:
                found.append((name, _best(statement.variable, query.statements[place + 1 :], indexes[name])))
    return found


def _collection_of(source: nodes.Expression, binds: Mapping[str, Any]) -> str:
    match source:
        case nodes.Bind(name):
            return str(binds.get(name))
        case nodes.Variable(name):
            return name
        case _:
            return ""


def _best(variable: str, after: Sequence[nodes.Statement], indexes: Mapping[str, Fields]) -> str | None:
    fixed: set[str] = set()
    ranged: set[str] = set()
    sorting: list[tuple[str, bool]] = []
    for statement in after:
        if isinstance(statement, nodes.Filter):
            _look(statement.test, variable, fixed, ranged)
        elif isinstance(statement, nodes.Sort):
            sorting = [(_path(by, variable) or "", descending) for by, descending in statement.by]
            break
        elif not isinstance(statement, nodes.Let):
            break
    scores = {name: _score(fields, fixed, ranged, sorting) for name, fields in indexes.items()}
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best] > (0, 0) else None


def _score(fields: Fields, fixed: set[str], ranged: set[str], sorting: Sequence[tuple[str, bool]]) -> tuple[int, int]:
    """How many fields narrow the search, and how many of the sort's come in order."""
    prefix = 0
    while prefix < len(fields) and fields[prefix] in fixed:
        prefix += 1
    rest = list(fields[prefix:])
    narrowing = prefix + (bool(rest) and rest[0] in ranged)
    wanted = [path for path, _ in sorting if path not in fixed]
    one_way = len({descending for _, descending in sorting}) <= 1
    in_order = 0
    while one_way and in_order < min(len(rest), len(wanted)) and rest[in_order] == wanted[in_order]:
        in_order += 1
    return (narrowing, in_order)


def _look(test: nodes.Expression, variable: str, fixed: set[str], ranged: set[str]) -> None:
    """Note which attributes a condition that must hold fixes or bounds."""
    if not isinstance(test, nodes.Binary) or test.quantifier:
        return
    if test.sign == "&&":
        _look(test.left, variable, fixed, ranged)
        _look(test.right, variable, fixed, ranged)
        return
    path = _path(test.left, variable)
    if path is not None and _path(test.right, variable) is None:
        if test.sign in {"==", "IN"}:
            fixed.add(path)
        elif test.sign in _RANGES:
            ranged.add(path)


def _path(expression: nodes.Expression, variable: str) -> str | None:
    """`a.b` for `variable.a.b`, None for anything else."""
    names: list[str] = []
    while isinstance(expression, nodes.Attribute) and isinstance(expression.name, nodes.Literal):
        names.insert(0, str(expression.name.value))
        expression = expression.of
    return ".".join(names) if names and isinstance(expression, nodes.Variable) and expression.name == variable else None
