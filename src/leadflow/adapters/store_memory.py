"""The store in memory, for tests and experiments. Documents are kept encoded: nothing is shared by reference."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from leadflow.adapters.document_fields import check_condition, check_fields, field_values
from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition, compile_condition
from leadflow.ports import Cursor, Order, Stored

D = TypeVar("D", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class _Row:
    """A document as kept: encoded, with its declared fields beside it."""

    key: str
    rev: str
    body: bytes
    fields: Mapping[str, Any]


class MemoryStore:
    """`ports.Store` in dictionaries."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, _Row]] = {}
        self._revisions = itertools.count(1)  # never used twice, not even for a key that was deleted between

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`."""
        rows = self._rows.get(collection.name, {})
        return [_stored(collection, rows[key]) if key in rows else None for key in keys]

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """See `ports.Store`. Of equal keys in one call the first one wins."""
        rows = self._rows.setdefault(collection.name, {})
        new = [self._row(collection, key, value) for key, value in documents]
        return [row.rev if rows.setdefault(row.key, row) is row else None for row in new]

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """See `ports.Store`."""
        rows = self._rows.setdefault(collection.name, {})
        new = [self._row(collection, key, value) for key, value, _ in documents]
        given = zip(new, documents, strict=True)
        return [row.rev if _replaced(rows, row, rev) else None for row, (_, _, rev) in given]

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """See `ports.Store`."""
        return await self.replace(collection, [(known.key, value, known.rev) for known, value in documents])

    async def delete(self, collection: Collection[D], keys: Sequence[str]) -> None:
        """See `ports.Store`."""
        rows = self._rows.get(collection.name, {})
        for key in keys:
            rows.pop(key, None)

    async def find(
        self,
        collection: Collection[D],
        where: Condition | None = None,
        *,
        order: Order | None = None,
        limit: int = 100,
        after: Cursor | None = None,
    ) -> Sequence[Stored[D]]:
        """See `ports.Store`. ValueError for a field that the collection does not declare."""
        matching = self._matching(collection, where)
        if order is None:
            found = sorted(matching, key=lambda row: row.key)
            page = [row for row in found if after is None or row.key > after[1]]
        else:
            page = _ordered(collection, matching, order, after)
        return [_stored(collection, row) for row in page[: max(0, limit)]]

    async def count(self, collection: Collection[D], by: str, where: Condition | None = None) -> Mapping[Any, int]:
        """See `ports.Store`. ValueError for a field that the collection does not declare."""
        check_fields(collection, [by])
        values = (row.fields[by] for row in self._matching(collection, where))
        return dict(Counter(value for value in values if value is not None))

    async def close(self) -> None:
        """Nothing to release."""

    def _row(self, collection: Collection[D], key: str, value: D) -> _Row:
        fields = dict(zip(collection.fields, field_values(collection, value), strict=True))
        return _Row(key, str(next(self._revisions)), msgspec.json.encode(value), fields)

    def _matching(self, collection: Collection[Any], where: Condition | None) -> Iterator[_Row]:
        check_condition(collection, where)
        rows: Iterable[_Row] = self._rows.get(collection.name, {}).values()
        if where is None:
            return iter(rows)
        holds = compile_condition(where)
        return (row for row in rows if holds(row.fields))


def _replaced(rows: dict[str, _Row], row: _Row, rev: str) -> bool:
    there = rows.get(row.key)
    if there is None or there.rev != rev:
        return False
    rows[row.key] = row
    return True


def _stored(collection: Collection[D], row: _Row) -> Stored[D]:
    return Stored(row.key, msgspec.json.decode(row.body, type=collection.document), row.rev)


def _ordered(collection: Collection[Any], rows: Iterable[_Row], order: Order, after: Cursor | None) -> list[_Row]:
    """The rows that have a value to sort by, in order, strictly behind `after`."""
    check_fields(collection, [order.field])

    def place(row: _Row) -> Cursor:
        return row.fields[order.field], row.key

    having = (row for row in rows if row.fields[order.field] is not None)
    found = sorted(having, key=place, reverse=order.descending)
    if after is None:
        return found
    return [row for row in found if (place(row) < after if order.descending else place(row) > after)]
