"""The processor takes touchpoints for new ones and lets the insert say otherwise; what it then does is the same."""

from collections.abc import Sequence
from typing import Any

import msgspec

from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.collections import IDENTITIES, TOUCHPOINTS, Collection
from leadflow.contracts.documents import IdentityDoc
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.touchpoint import Identifier
from leadflow.pipeline.processor import Processor
from leadflow.ports import Record, Stored

from .in_memory import FixedClock, Pipeline, touchpoint

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


async def test_a_remembered_way_does_not_carry_old_touchpoints_past_an_erasure() -> None:
    """Who was erased and came back goes straight on; what was received before the erasure goes to the resolver."""
    store = NotingStore()
    one = processor(store)
    key = HASHER.identifier(Identifier("anonymous_id", "a"))
    reborn = IdentityDoc(type="anonymous_id", value="a", leaf="second life", incarnation=1, erased_at=500, gp=7)
    await store.insert(IDENTITIES, [(key, reborn)])

    step = await one.step(records(page("m1", received_at=600), page("m2", received_at=600)))
    assert [emit.topic for emit in step.emits] == [topics.RESOLVED] * 2
    step = await one.step(records(page("m3", received_at=400), page("m4", received_at=700), first=2))
    assert [emit.topic for emit in step.emits] == [topics.IDENTITY, topics.RESOLVED]


async def test_a_link_behind_a_remembered_way_changes_no_address() -> None:
    """A merge moves nothing: who is remembered goes on to their leaf, whatever it is linked below meanwhile."""
    pipeline = Pipeline(partitions=1)
    await pipeline.send([page("m1"), page("m2"), page("m3", person="b")])
    await pipeline.settle()
    await pipeline.send([touchpoint("m4", type="identify", body={"anonymousId": "a", "userId": "u"})])
    await pipeline.send([touchpoint("m5", type="identify", body={"anonymousId": "b", "userId": "u"})])
    await pipeline.settle()
    await pipeline.send([page("m6"), page("m7", person="b")])
    await pipeline.settle()
    keys = [pipeline.hasher.touchpoint("web", f"m{number}") for number in (1, 6, 3, 7)]
    stored = await pipeline.store.get(TOUCHPOINTS, keys)
    first, again, other, other_again = [found.value.addr for found in stored if found is not None]
    assert first == again != other == other_again
