"""The store in ArangoDB. One document is the only unit of atomicity, which holds in every topology of the server."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from arangoasync.request import Method

from leadflow import metrics
from leadflow.adapters import arango_errors, store_arango_query
from leadflow.adapters.arango_client import Arango
from leadflow.adapters.arango_documents import Kept, field_of, kept, key_of, stored_key
from leadflow.adapters.arango_errors import CONFLICT, DOCUMENT_NOT_FOUND, UNIQUE_CONSTRAINT
from leadflow.adapters.arango_options import ArangoOptions
from leadflow.contracts.collections import COLLECTIONS, Collection
from leadflow.core.conditions import Condition
from leadflow.ports import Cursor, Order, Stored, Unavailable

D = TypeVar("D", bound=msgspec.Struct)

BATCH = 5_000  # documents a request
TRIES = 8  # of a document that meets another's write
FIRST_PAUSE = 0.01  # seconds
_CURSOR_BATCH = 10_000

_encode = msgspec.json.Encoder().encode


class _Page(msgspec.Struct, rename={"has_more": "hasMore"}):
    """A batch of a cursor."""

    result: list[Any]
    has_more: bool
    id: str | None = None


class ArangoStore:
    """`ports.Store`. The collections are fixed when it is opened; ValueError for any other."""

    def __init__(self, server: Arango, options: ArangoOptions, collections: Iterable[Collection[Any]]) -> None:
        """Use `open`."""
        self.server = server
        self._names = {collection.name for collection in collections}
        self._decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {}
        self._sync = {"waitForSync": "true" if options.wait_for_sync else "false"}

    @classmethod
    async def open(
        cls, options: ArangoOptions, *, collections: Iterable[Collection[Any]] = COLLECTIONS
    ) -> "ArangoStore":
        """Make a client. `leadflow init` has to have created the collections. Raises WrongOptions."""
        return cls(await Arango.open(options), options, tuple(collections))

    async def close(self) -> None:
        """End all connections."""
        await self.server.close()

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`."""
        path, found = self._path(collection), dict[str, Stored[D]]()
        wanted = [stored_key(key) for key in dict.fromkeys(keys)]
        for start in range(0, len(wanted), BATCH):
            body = _encode(wanted[start : start + BATCH])
            elements = await self._documents(Method.PUT, path, {"onlyget": "true"}, body)
            for element in elements:
                if not element.error:
                    one = self._stored(collection, element.key, element.rev, element.doc)
                    found[one.key] = one
                elif element.number != DOCUMENT_NOT_FOUND:
                    raise _error(element, path)
        return [found.get(key) for key in keys]

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """See `ports.Store`. Of equal keys in one call the first one wins."""
        rows = [kept(collection, key, value, _encode(value)) for key, value in documents]
        outcome: list[str | None] = [None] * len(rows)
        waiting = list(range(len(rows)))
        for attempt in range(TRIES):
            elements = await self._write(Method.POST, collection, [rows[place] for place in waiting], self._sync)
            again: list[int] = []
            for place, element in zip(waiting, elements, strict=True):
                if element.number == CONFLICT:  # another one is writing this key now: who wins shows next time
                    again.append(place)
                elif element.error and element.number != UNIQUE_CONSTRAINT:
                    raise _error(element, f"POST {collection.name}")
                else:
                    outcome[place] = None if element.error else element.rev
            if not again:
                return outcome
            waiting = again
            metrics.STORE_CONFLICTS.inc(len(again))
            await _pause(attempt)
        raise Unavailable(f"ArangoDB, POST {collection.name}: {len(waiting)} documents kept meeting other writes")

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """See `ports.Store`. A write that met another one is None too: who reads again finds out."""
        rows = [kept(collection, key, value, _encode(value), rev) for key, value, rev in documents]
        elements = await self._write(Method.PUT, collection, rows, {**self._sync, "ignoreRevs": "false"})
        for element in elements:
            if element.error and element.number not in {CONFLICT, DOCUMENT_NOT_FOUND}:
                raise _error(element, f"PUT {collection.name}")
        return [None if element.error else element.rev for element in elements]

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """See `ports.Store`."""
        return await self.replace(collection, [(known.key, value, known.rev) for known, value in documents])

    async def delete(self, collection: Collection[D], keys: Sequence[str]) -> None:
        """See `ports.Store`."""
        waiting = list(dict.fromkeys(map(stored_key, keys)))
        for attempt in range(TRIES):
            rows = [Kept(key) for key in waiting]
            elements = await self._write(Method.DELETE, collection, rows, self._sync)
            again = []
            for key, element in zip(waiting, elements, strict=True):
                if element.number == CONFLICT:
                    again.append(key)
                elif element.error and element.number != DOCUMENT_NOT_FOUND:
                    raise _error(element, f"DELETE {collection.name}")
            waiting = again
            if not waiting:
                return
            await _pause(attempt)
        raise Unavailable(f"ArangoDB, DELETE {collection.name}: {len(waiting)} documents kept meeting other writes")

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
        self._path(collection)
        text, values = store_arango_query.find(collection, where, order, max(0, limit), after)
        rows = await self._query(text, values) if limit > 0 else []
        return [self._stored(collection, key, rev, doc) for key, rev, doc in rows]

    async def count(self, collection: Collection[D], by: str, where: Condition | None = None) -> Mapping[Any, int]:
        """See `ports.Store`. ValueError for a field that the collection does not declare."""
        self._path(collection)
        text, values = store_arango_query.count(collection, by, where)
        return {field_of(value): number for value, number in await self._query(text, values)}

    # --- requests

    def _path(self, collection: Collection[Any]) -> str:
        if collection.name not in self._names:
            known = ", ".join(sorted(self._names))
            raise ValueError(f"the store was opened without the collection {collection.name!r}; with: {known}")
        return f"/_api/document/{collection.name}"

    async def _write(
        self, method: Method, collection: Collection[Any], rows: Sequence[Kept], params: Mapping[str, str]
    ) -> list[Kept]:
        """One element for each row, in their order."""
        path, elements = self._path(collection), list[Kept]()
        for start in range(0, len(rows), BATCH):
            elements += await self._documents(method, path, params, _encode(rows[start : start + BATCH]))
        return elements

    async def _documents(self, method: Method, path: str, params: Mapping[str, str], body: bytes) -> list[Kept]:
        answer = await self.server.call(method, path, list[Kept], params=params, body=body)
        assert not isinstance(answer, int)  # noqa: S101 - no error was expected
        return answer

    async def _query(self, text: str, values: Mapping[str, Any]) -> list[Any]:
        """All rows of a query, read in batches."""
        body = _encode({"query": text, "bindVars": values, "batchSize": _CURSOR_BATCH})
        page = await self.server.call(Method.POST, "/_api/cursor", _Page, body=body)
        rows: list[Any] = []
        while isinstance(page, _Page):
            rows += page.result
            if not page.has_more:
                break
            page = await self.server.call(Method.POST, f"/_api/cursor/{page.id}", _Page)
        return rows

    def _stored(self, collection: Collection[D], key: str, rev: str, doc: str) -> Stored[D]:
        decoder = self._decoders.get(collection.document)
        if decoder is None:
            decoder = self._decoders[collection.document] = msgspec.json.Decoder(collection.document)
        return Stored(key_of(key), decoder.decode(doc), rev)


def _error(element: Kept, request: str) -> Exception:
    return arango_errors.error_of(200, element.number, element.message, request)


async def _pause(attempt: int) -> None:
    """Longer after each attempt, by chance, so that those who met do not meet again."""
    await asyncio.sleep(FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - spreading load
