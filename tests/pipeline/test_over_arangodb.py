"""The pipeline over the store in ArangoDB: how many requests a batch costs, and that its results are the same."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from pipeline.aftermath import broken, read_aftermath
from pipeline.in_memory import MODEL, NOW, Pipeline, touchpoint
from tools.arango_double.running import doubled, prepared
from tools.arango_double.server import Server

from leadflow.adapters.store_arango import ArangoStore
from leadflow.contracts import topics
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.time import DAY, HOUR

BATCH = 1_000
PEOPLE = 400


def visits(count: int, start: int = 0, people: int = PEOPLE) -> list[Touchpoint]:
    """Page views of people known by their devices."""
    return [
        touchpoint(
            f"visit-{number}",
            type="page",
            at=NOW + number,
            body={"name": "Blog", "anonymousId": f"device-{number % people}"},
        )
        for number in range(start, start + count)
    ]


@dataclass
class Counted:
    """A pipeline over the double, and the double, which counts."""

    pipeline: Pipeline
    server: Server

    async def requests_of(self, topic: str) -> list[int]:
        """How many requests each batch of a hop costs, until nothing is left to read."""
        costs = []
        step = dict(self.pipeline.hops)[topic]
        async with self.pipeline.log.consume("test", topic) as assignments:
            async for assignment in assignments:
                while records := await assignment.fetch(BATCH, 0):
                    before = self.server.requests.total()
                    done = await step(records)
                    costs.append(self.server.requests.total() - before)
                    await assignment.commit(done.next_offset, done.emits)
        return costs


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    """One partition, so that a batch is a batch."""
    async with doubled() as (options, server):
        store = await ArangoStore.open(options)
        yield Counted(Pipeline(store=store, partitions=1), server)
        await store.close()


async def test_a_batch_of_known_profiles_costs_few_round_trips(counted: Counted) -> None:
    """At most 8 for 1,000 touchpoints of people who are known, in the processor and in scoring."""
    await counted.pipeline.send(visits(BATCH))
    await counted.pipeline.settle(BATCH)
    await counted.pipeline.send(visits(BATCH, start=BATCH))
    costs = {topic: await counted.requests_of(topic) for topic in (topics.TOUCHPOINTS, topics.RESOLVED)}
    print("round trips for 1,000 touchpoints of known profiles:", costs)  # noqa: T201 - docs/arangodb.md quotes it
    assert all(sum(cost) <= 8 for cost in costs.values())


async def test_a_batch_of_new_profiles_costs_few_more(counted: Counted) -> None:
    """At most 14 for 1,000 touchpoints of which each brings a person whom nobody knows."""
    await counted.pipeline.send(visits(BATCH, people=BATCH))
    costs = {topic: await counted.requests_of(topic) for topic in (topics.TOUCHPOINTS, topics.RESOLVED)}
    print("round trips for 1,000 touchpoints of new profiles:", costs)  # noqa: T201 - docs/arangodb.md quotes it
    assert all(sum(cost) <= 14 for cost in costs.values())


async def test_a_batch_of_evidence_costs_as_many_however_long_it_is(counted: Counted) -> None:
    """The resolver reads and writes in batches: merging 1,000 devices takes the requests of merging one."""
    pairs = [
        touchpoint(
            f"login-{number}",
            type="identify",
            at=NOW + number,
            body={"anonymousId": f"device-{number}", "userId": f"user-{number}"},
        )
        for number in range(BATCH)
    ]
    await counted.pipeline.send(pairs)
    await counted.requests_of(topics.TOUCHPOINTS)
    (cost,) = await counted.requests_of(topics.IDENTITY)
    print("round trips for 1,000 pieces of evidence:", cost)  # noqa: T201 - docs/arangodb.md quotes it
    assert cost <= 20


def story(seed: int) -> list[Touchpoint]:
    """Some people with several devices each, logins and duplicates, shuffled."""
    dice = random.Random(seed)  # noqa: S311 - a story to tell again
    told: list[Touchpoint] = []
    for number in range(60):
        person = dice.randrange(6)
        device = f"device-{person}-{dice.randrange(3)}"
        body = {"anonymousId": device, "name": "Pricing", "event": "Demo Requested"}
        if dice.random() < 0.3:
            body |= {"userId": f"user-{person}", "traits": {"email": f"p{person}@example.com"}}
        kind = "identify" if "userId" in body else dice.choice(("page", "track"))
        told.append(touchpoint(f"m{number}", type=kind, at=NOW - dice.randrange(20) * HOUR, received_at=NOW, body=body))
    told += dice.sample(told, 10)
    dice.shuffle(told)
    return told


async def outcome(pipeline: Pipeline, told: Sequence[Touchpoint]) -> dict[frozenset[str], object]:
    """Who is who and what each is worth."""
    await pipeline.send(told)
    await pipeline.settle(7)
    seen = await read_aftermath(pipeline.log, pipeline.store)
    assert not list(broken(seen, MODEL))
    return dict(seen.worth(MODEL, NOW + DAY))


@pytest.mark.parametrize("seed", range(3))
async def test_people_and_scores_are_those_of_the_store_in_memory(seed: int) -> None:
    """The same touchpoints, in another order and in other batches, give the same people and scores to the bit."""
    told = story(seed)
    async with prepared() as options:
        store = await ArangoStore.open(options)
        kept = await outcome(Pipeline(store=store, seed=seed), told)
        await store.close()
    assert kept == await outcome(Pipeline(seed=seed + 100), sorted(told, key=lambda one: one.message_id))
    assert kept
