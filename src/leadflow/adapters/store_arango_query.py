"""The queries that the store sends, with bind variables only. A test names the index that serves each of them."""

from typing import Any

from leadflow.adapters.arango_documents import FIELDS, stored_field, stored_key, stored_text
from leadflow.adapters.document_fields import check_condition, check_fields
from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition, to_aql
from leadflow.ports import Cursor, Order

Query = tuple[str, dict[str, Any]]
"""(text, bind variables)."""

ALL = "FOR d IN @@collection FILTER {filter} SORT d._key LIMIT @limit RETURN [d._key, d._rev, d.doc]"
SORTED = (
    "FOR d IN @@collection FILTER {filter} && d.q[@field] > null"
    " SORT d.q[@field] {direction}, d._key {direction} LIMIT @limit RETURN [d._key, d._rev, d.doc]"
)
"""Null comes first, so `> null` leaves out documents without a value."""
BEHIND = "(d.q[@field] {beyond} @value || (d.q[@field] == @value && d._key {beyond} @key))"
COUNT = (
    "FOR d IN @@collection FILTER {filter} && d.q[@field] > null"
    " COLLECT value = d.q[@field] WITH COUNT INTO n RETURN [value, n]"
)


def find(
    collection: Collection[Any], where: Condition | None, order: Order | None, limit: int, after: Cursor | None
) -> Query:
    """The rows (key, revision, text) of a page. Raises ValueError for a field that is not declared."""
    clause, values = _conditions(collection, where)
    values["limit"] = limit
    if order is None:
        if after:
            clause += " && d._key > @key"
            values["key"] = stored_key(after[1])
        return ALL.format(filter=clause), values
    check_fields(collection, [order.field])
    direction, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
    name = f"d.{FIELDS}.`{order.field}`"
    if after:
        clause += " && " + BEHIND.format(beyond=beyond)
        values |= {"value": stored_field(after[0]), "key": stored_key(after[1])}
    return SORTED.format(filter=clause, direction=direction).replace("d.q[@field]", name), values


def count(collection: Collection[Any], by: str, where: Condition | None) -> Query:
    """The rows (value of `by` as stored, how many). Raises ValueError for a field that is not declared."""
    check_fields(collection, [by])
    clause, values = _conditions(collection, where)
    return COUNT.format(filter=clause).replace("d.q[@field]", f"d.{FIELDS}.`{by}`"), values


def _conditions(collection: Collection[Any], where: Condition | None) -> Query:
    check_condition(collection, where)
    values: dict[str, Any] = {"@collection": collection.name}
    if where is None:
        return "true", values
    text, given = to_aql(where, collection.fields, place=f"d.{FIELDS}", text=stored_text)
    return text, values | given
