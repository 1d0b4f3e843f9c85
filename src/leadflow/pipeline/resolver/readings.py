"""The store as one batch of the resolver sees it: a document that was read is not read again before it is written."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from leadflow.contracts.collections import Collection
from leadflow.ports import Store, Stored

D = TypeVar("D", bound=msgspec.Struct)


class Documents(Protocol):
    """The part of `ports.Store` that deciding and applying need."""

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`."""

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """See `ports.Store`."""

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """See `ports.Store`."""


class Readings:
    """`Documents` for one batch. What others write meanwhile shows as a conflict, and is then read.

    A document that was written here is remembered with its new revision.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[tuple[str, str], Stored[Any] | None] = {}

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """What was read before, and the rest from the store."""
        name, read = collection.name, self._read
        unread = [key for key in keys if (name, key) not in read]
        if unread:
            found = await self._store.get(collection, unread)
            read |= {(name, key): stored for key, stored in zip(unread, found, strict=True)}
        return [read[name, key] for key in keys]

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """Insert; where others were first, their documents have to be read."""
        for key, _ in documents:
            self._read.pop((collection.name, key), None)
        done = await self._store.insert(collection, documents)
        for (key, value), rev in zip(documents, done, strict=True):
            if rev is not None:
                self._read[collection.name, key] = Stored(key, value, rev)
        return done

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """Replace; the documents that failed have to be read again."""
        for known, _ in documents:
            self._read.pop((collection.name, known.key), None)
        done = await self._store.supersede(collection, documents)
        for (known, value), rev in zip(documents, done, strict=True):
            if rev is not None:
                self._read[collection.name, known.key] = Stored(known.key, value, rev)
        return done
