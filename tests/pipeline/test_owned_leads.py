"""The owner of a partition reads a lead once, and again only when somebody else may have written it."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import pytest

from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.collections import LEADS, Collection
from leadflow.contracts.documents import LeadDoc
from leadflow.pipeline.scoring.owned import OwnedLeads
from leadflow.ports import Stored, Unavailable

D = TypeVar("D", bound=msgspec.Struct)


class NotingStore(MemoryStore):
    """Notes which keys were read; refuses to write when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.away = False

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`."""
        self.read += keys
        return await super().get(collection, keys)

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """See `ports.Store`; what is refused was written all the same."""
        outcome = await super().replace(collection, documents)
        if self.away:
            raise Unavailable("away")
        return outcome


async def versions(owned: OwnedLeads, *pids: str, partition: int = 0) -> list[int | None]:
    """The versions of leads, as the owner sees them."""
    found = await owned.read(partition, pids)
    return [stored.value.version if (stored := found[pid]) else None for pid in pids]


async def step(owned: OwnedLeads, version: int, *pids: str, partition: int = 0) -> list[str]:
    """Write leads as a batch does; which of them met another write."""
    found = await owned.read(partition, pids)
    return await owned.write(partition, [(pid, found[pid], LeadDoc(version=version)) for pid in pids])


async def test_a_lead_is_read_once() -> None:
    """What was written is known, with the revision that the next write has to name; absence is not remembered."""
    store = NotingStore()
    owned = OwnedLeads(store)
    assert await step(owned, 1, "a", "b") == []
    assert await step(owned, 2, "a", "b") == []
    assert await step(owned, 3, "a") == []
    assert await versions(owned, "a", "b", "c") == [3, 2, None]
    assert store.read == ["a", "b", "c"]


async def test_another_ones_write_is_noticed_and_read() -> None:
    """A conflict is told, and everything of that partition is read anew; other partitions are not touched."""
    store = NotingStore()
    owned = OwnedLeads(store)
    await step(owned, 1, "a", "b")
    await step(owned, 1, "far", partition=1)
    (stored,) = await store.get(LEADS, ["a"])
    assert stored is not None
    await store.replace(LEADS, [("a", LeadDoc(version=9), stored.rev)])
    store.read.clear()

    assert await step(owned, 2, "a", "b") == ["a"]
    assert await versions(owned, "a", "b") == [9, 2]
    assert await versions(owned, "far", partition=1) == [1]
    assert store.read == ["a", "b"]


async def test_a_write_without_an_answer_is_looked_at() -> None:
    """Whether it took effect shows when the leads are read again."""
    store = NotingStore()
    owned = OwnedLeads(store)
    await step(owned, 1, "a")
    store.away = True
    with pytest.raises(Unavailable):
        await step(owned, 2, "a")
    assert await versions(owned, "a") == [2]


async def test_a_lost_partition_is_forgotten() -> None:
    """Its next owner writes what we would not see."""
    store = NotingStore()
    owned = OwnedLeads(store)
    await step(owned, 1, "a")
    store.read.clear()
    owned.forget(0)
    assert await versions(owned, "a") == [1]
    assert store.read == ["a"]


async def test_memory_is_bounded_and_keeps_those_who_come_often() -> None:
    """Of many leads the latest are known; one that is written all the time is never read again."""
    store = NotingStore()
    owned = OwnedLeads(store, most_bytes=100_000)
    for number in range(200):
        await step(owned, number, "often", f"{number}")
    assert store.read.count("often") == 1
    store.read.clear()
    await owned.read(0, [f"{number}" for number in range(200)])
    assert 170 < len(store.read) < 195
