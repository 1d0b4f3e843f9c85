"""The processor takes touchpoints for new ones and lets the insert say otherwise; what it then does is the same."""

from collections.abc import Sequence
from typing import Any

import msgspec

from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.collections import TOUCHPOINTS, Collection
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.pipeline.processor import Processor
from leadflow.ports import Record, Stored

from .in_memory import FixedClock, touchpoint

HASHER = Hasher(b"a secret of the tests")


class NotingStore(MemoryStore):
    """Notes which touchpoints it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def get(self, collection: Collection[Any], keys: Sequence[str]) -> Sequence[Stored[Any] | None]:
        """Note, and answer."""
        if collection is TOUCHPOINTS:
            self.asked += keys
        return await super().get(collection, keys)


def processor(store: NotingStore) -> Processor:
    """One that runs already, so that it does not expect to read anything again."""
    made = Processor(store, FixedClock(), HASHER, IdentityRules())
    made._asks = False
    return made


def records(*touchpoints: Touchpoint, first: int = 0) -> list[Record]:
    """Touchpoints as the records of one partition."""
    return [
        Record(
            topic=topics.TOUCHPOINTS,
            partition=0,
            offset=first + place,
            key="k",
            value=msgspec.json.encode(one),
            timestamp=0,
        )
        for place, one in enumerate(touchpoints)
    ]


def page(message_id: str, person: str = "a", **envelope: Any) -> Touchpoint:
    """A page view."""
    return touchpoint(message_id, type="page", body={"anonymousId": person}, **envelope)


async def test_only_touchpoints_that_would_found_a_profile_are_looked_up() -> None:
    """Whoever is known costs no read; a lone new identifier is claimed only for a touchpoint that is not stored."""
    store = NotingStore()
    one = processor(store)
    await one.step(records(page("m1")))
    assert store.asked == [HASHER.touchpoint("web", "m1")]

    await one.step(records(*(page(f"m{number}") for number in range(2, 30)), first=1))
    assert store.asked == [HASHER.touchpoint("web", "m1")]


async def test_a_batch_read_again_is_obeyed_and_the_next_one_looked_up() -> None:
    """After a crash the same records are sent on, and who has met many stored touchpoints looks first."""
    store = NotingStore()
    one = processor(store)
    batch = records(*(page(f"m{number}") for number in range(20)))
    sent = await one.step(batch)
    store.asked.clear()

    assert await one.step(batch) == sent
    assert len(store.asked) == len(batch)
    store.asked.clear()
    again = await one.step(records(*(page(f"m{number}") for number in range(20)), first=20))
    assert again.emits == []
    assert len(store.asked) == len(batch)
    await one.step(records(*(page(f"n{number}") for number in range(20)), first=40))
    store.asked.clear()
    await one.step(records(*(page(f"o{number}") for number in range(20)), first=60))
    assert store.asked == []


async def test_copies_in_one_batch_are_taken_in_their_order() -> None:
    """The first of equal message ids stands, the others are duplicates."""
    store = NotingStore()
    one = processor(store)
    await one.step(records(page("m0")))
    step = await one.step(records(page("m1"), page("m1", person="b"), page("m1"), first=1))
    assert [emit.id for emit in step.emits] == [f"{HASHER.touchpoint('web', 'm1')}:0.1"]


async def test_a_repair_behind_a_copy_of_what_was_rejected_takes_its_place() -> None:
    """The copy is a duplicate; the repaired touchpoint counts, although both come in one batch."""
    store = NotingStore()
    one = processor(store)
    await one.step(records(page("m1")))
    key = HASHER.touchpoint("web", "m1")
    (found,) = await store.get(TOUCHPOINTS, [key])
    assert found is not None
    await store.replace(TOUCHPOINTS, [(key, msgspec.structs.replace(found.value, rejected=True), found.rev)])

    step = await one.step(records(page("m1"), page("m1", repair=1), first=1))
    assert [emit.id for emit in step.emits] == [f"{key}:0.2"]
