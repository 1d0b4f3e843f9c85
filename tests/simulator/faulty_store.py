"""The store as one worker sees it: slow, torn between two documents, now and then away, sometimes in silence."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from simulator.faults import Faults
from simulator.schedule import Schedule, Waiter

from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition
from leadflow.ports import Cursor, Order, Store, Stored

D = TypeVar("D", bound=msgspec.Struct)


class FaultyStore:
    """`ports.Store` over a shared store in this process. One document is written at once, several are not."""

    def __init__(self, store: Store, worker: Waiter, schedule: Schedule, faults: Faults) -> None:
        self._store = store
        self._worker = worker
        self._schedule = schedule
        self._faults = faults

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`; no snapshot: others may write between two reads."""
        await self._enter(f"get {collection.name} {len(keys)}")
        order = sorted(set(keys))  # sets of keys come in another order in each process
        cut = self._faults.cut(len(order))
        found = dict(zip(order[:cut], await self._store.get(collection, order[:cut]), strict=True))
        if cut < len(order):
            await self._gate(f"get {collection.name} the rest")
            found |= zip(order[cut:], await self._store.get(collection, order[cut:]), strict=True)
        return [found[key] for key in keys]

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """See `ports.Store`."""
        what = f"insert {collection.name} {len(documents)}"
        await self._enter(what)
        cut = self._faults.cut(len(documents))
        done = list(await self._store.insert(collection, documents[:cut]))
        self._faults.refuse(self._worker, f"{what}, {cut} done")
        if cut < len(documents):
            await self._gate(f"insert {collection.name} the rest")
            done += await self._store.insert(collection, documents[cut:])
            self._faults.refuse(self._worker, f"{what}, all done")
        return done

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """See `ports.Store`; a document may conflict for no reason."""
        what = f"replace {collection.name} {len(documents)}"
        await self._enter(what)
        cut = self._faults.cut(len(documents))
        done = await self._replace(collection, documents[:cut])
        self._faults.refuse(self._worker, f"{what}, {cut} done")
        if cut < len(documents):
            await self._gate(f"replace {collection.name} the rest")
            done += await self._replace(collection, documents[cut:])
            self._faults.refuse(self._worker, f"{what}, all done")
        return done

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """See `ports.Store`; it has the troubles of `replace`."""
        return await self.replace(collection, [(known.key, value, known.rev) for known, value in documents])

    async def delete(self, collection: Collection[D], keys: Sequence[str]) -> None:
        """See `ports.Store`."""
        await self._enter(f"delete {collection.name} {len(keys)}")
        await self._store.delete(collection, keys)

    async def find(
        self,
        collection: Collection[D],
        where: Condition | None = None,
        *,
        order: Order | None = None,
        limit: int = 100,
        after: Cursor | None = None,
    ) -> Sequence[Stored[D]]:
        """See `ports.Store`; pages are small, so that others may write between two."""
        await self._enter(f"find {collection.name}")
        small = min(limit, self._schedule.random.randint(1, 5)) if self._faults.on else limit
        return await self._store.find(collection, where, order=order, limit=small, after=after)

    async def count(self, collection: Collection[D], by: str, where: Condition | None = None) -> Mapping[Any, int]:
        """See `ports.Store`."""
        await self._enter(f"count {collection.name}")
        return await self._store.count(collection, by, where)

    async def _replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> list[str | None]:
        done: list[str | None] = []
        for document in documents:
            if self._faults.strikes(self._faults.odds.conflict):
                self._schedule.note(f"  ! conflict: {collection.name} {document[0]}")
                done.append(None)
            else:
                done += await self._store.replace(collection, [document])
        return done

    async def _enter(self, what: str) -> None:
        await self._gate(what)
        self._faults.refuse(self._worker, f"{what}, nothing done")

    async def _gate(self, what: str) -> None:
        await self._schedule.pass_gate(self._worker, what)
