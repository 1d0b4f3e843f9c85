"""Queries by keyset: the page behind a cursor, read through the declared indexes."""

# ruff: noqa: S608  # names of tables and columns are the code's own and quoted; values are bound

from collections.abc import Sequence
from typing import Any

from leadflow.adapters.document_fields import check_condition, check_fields
from leadflow.adapters.store_sqlite_tables import quoted
from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition, to_sql
from leadflow.core.digest import Digest, packed
from leadflow.ports import Cursor, Order

Query = tuple[str, Sequence[Any]]
"""(statement, bind values)."""


def find(
    collection: Collection[Any], where: Condition | None, order: Order | None, limit: int, after: Cursor | None
) -> Query:
    """The rows (key, revision, body) of a page.

    The inner query sorts narrow rows, out of an index alone where it can; bodies are read for the page's rows only.
    Raises ValueError for a field that the collection does not declare.
    """
    table = quoted(collection.name)
    clauses, values = _conditions(collection, where)
    sorting, bounds = _sorting(collection, order, after)
    clauses += [clause for clause, _ in bounds]
    values += [value for _, given in bounds for value in given]
    inner = f"SELECT _id FROM {table} WHERE {' AND '.join(clauses)} ORDER BY {sorting} LIMIT ?"
    statement = f"SELECT _key, _rev, _body FROM {table} WHERE _id IN ({inner}) ORDER BY {sorting}"
    return statement, [*values, max(0, limit)]


def count(collection: Collection[Any], by: str, where: Condition | None) -> Query:
    """The rows (value of `by`, how many). Raises ValueError for a field that the collection does not declare."""
    check_fields(collection, [by])
    clauses, values = _conditions(collection, where)
    column = quoted(by)
    clauses.append(f"{column} IS NOT NULL")
    table = quoted(collection.name)
    return f"SELECT {column}, count(*) FROM {table} WHERE {' AND '.join(clauses)} GROUP BY {column}", values


def _conditions(collection: Collection[Any], where: Condition | None) -> tuple[list[str], list[Any]]:
    check_condition(collection, where)
    if where is None:
        return ["1"], []
    text, values = to_sql(where, collection.fields)
    return [f"({text})"], list(values)


def _sorting(
    collection: Collection[Any], order: Order | None, after: Cursor | None
) -> tuple[str, list[tuple[str, Sequence[Any]]]]:
    """The ORDER BY list, and what a row must satisfy to lie strictly behind the cursor."""
    key = packed(after[1]) if after and collection.key is Digest else after and after[1]
    if order is None:
        return "_key", [("_key > ?", (key,))] if after else []
    check_fields(collection, [order.field])
    column, direction, beyond = quoted(order.field), *(("DESC", "<") if order.descending else ("ASC", ">"))
    bounds: list[tuple[str, Sequence[Any]]] = [(f"{column} IS NOT NULL", ())]
    if after:
        value = packed(after[0]) if collection.fields[order.field] is Digest else after[0]
        bounds.append((f"({column}, _key) {beyond} (?, ?)", (value, key)))
    return f"{column} {direction}, _key {direction}", bounds
