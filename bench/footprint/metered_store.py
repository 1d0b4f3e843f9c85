"""A store that counts what it is asked for: requests, documents and their bytes as ArangoDB is sent them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from leadflow.adapters.arango_documents import kept
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition
from leadflow.ports import Cursor, Order, Stored

D = TypeVar("D", bound=msgspec.Struct)


class MeteredStore(MemoryStore):
    """`counts`: by what was done: `requests`, `read`, `inserted`, `replaced` (documents), `written_bytes`."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`."""
        self._asked("read", len(keys))
        return await super().get(collection, keys)

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """See `ports.Store`."""
        self._asked("inserted", len(documents))
        self._written(collection, documents)
        return await super().insert(collection, documents)

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """See `ports.Store`."""
        self._asked("replaced", len(documents))
        self._written(collection, [(key, value) for key, value, _ in documents])
        return await super().replace(collection, documents)

    async def find(
        self,
        collection: Collection[D],
        where: Condition | None = None,
        *,
        order: Order | None = None,
        limit: int = 100,
        after: Cursor | None = None,
    ) -> Sequence[Stored[D]]:
        """See `ports.Store`."""
        found = await super().find(collection, where, order=order, limit=limit, after=after)
        self._asked("read", len(found))
        return found

    async def count(self, collection: Collection[D], by: str, where: Condition | None = None) -> Mapping[Any, int]:
        """See `ports.Store`."""
        self.counts["requests"] += 1
        return await super().count(collection, by, where)

    def _asked(self, what: str, documents: int) -> None:
        if documents:
            self.counts["requests"] += 1
            self.counts[what] += documents

    def _written(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> None:
        self.counts["written_bytes"] += sum(len(as_sent(collection, key, value)) for key, value in documents)


def as_sent(collection: Collection[D], key: str, value: D) -> bytes:
    """A document as ArangoDB's adapter sends it."""
    return msgspec.json.encode(kept(collection, key, value, msgspec.json.encode(value)))
