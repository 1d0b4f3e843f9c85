"""A batch of the resolver reads each document once, and again where somebody else has written it."""

from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.collections import CHECKPOINTS
from leadflow.contracts.documents import CheckpointDoc
from leadflow.pipeline.resolver.readings import Readings


def at(offset: int) -> CheckpointDoc:
    """A small document."""
    return CheckpointDoc(offset=offset)


async def test_what_was_read_is_not_read_again() -> None:
    """Documents and their absence are remembered as they were."""
    store = MemoryStore()
    await store.insert(CHECKPOINTS, [("a", at(1))])
    readings = Readings(store)
    first = await readings.get(CHECKPOINTS, ["b", "a"])
    await store.delete(CHECKPOINTS, ["a"])
    await store.insert(CHECKPOINTS, [("b", at(2))])
    assert list(await readings.get(CHECKPOINTS, ["b", "a"])) == list(first)


async def test_a_conflict_is_noticed_and_read() -> None:
    """Whoever came in between is seen after the compare-and-set or the insert has failed."""
    store = MemoryStore()
    await store.insert(CHECKPOINTS, [("a", at(1))])
    readings = Readings(store)
    found, absent = await readings.get(CHECKPOINTS, ["a", "b"])
    assert found is not None
    assert absent is None
    await store.replace(CHECKPOINTS, [("a", at(5), found.rev)])
    await store.insert(CHECKPOINTS, [("b", at(6))])

    assert list(await readings.supersede(CHECKPOINTS, [(found, at(2))])) == [None]
    assert list(await readings.insert(CHECKPOINTS, [("b", at(2))])) == [None]
    now = await readings.get(CHECKPOINTS, ["a", "b"])
    assert [stored.value.offset for stored in now if stored is not None] == [5, 6]


async def test_what_was_replaced_is_known_and_can_be_replaced_again() -> None:
    """Neither its value nor its new revision needs another reading."""
    store = MemoryStore()
    readings = Readings(store)
    await readings.insert(CHECKPOINTS, [("a", at(1))])
    (found,) = await readings.get(CHECKPOINTS, ["a"])
    assert found is not None
    await readings.supersede(CHECKPOINTS, [(found, at(2))])

    (known,) = await readings.get(CHECKPOINTS, ["a"])
    assert known is not None
    assert known.value.offset == 2
    assert all(await readings.supersede(CHECKPOINTS, [(known, at(3))]))
    (again,) = await store.get(CHECKPOINTS, ["a"])
    assert again is not None
    assert again.value.offset == 3
