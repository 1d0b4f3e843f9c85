"""Members of one group on a real broker: they share partitions, take over from each other, and fence zombies."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from kafka.logs import opened, options, topics
from tools.broker import Cluster

from leadflow.adapters.kafka_assignment import KafkaAssignment
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.log_kafka import KafkaLog, WrongTopics
from leadflow.contracts.topics import IDENTITY, REJECTED, TOUCHPOINTS
from leadflow.ports import Emit, Fenced, LostPosition, Record

SOON = 20.0  # seconds; a session's end and a rebalance, on a busy machine
PARTITIONS = 4


@pytest.fixture
async def made(kafka: Cluster) -> AsyncIterator[KafkaOptions]:
    """Topics that are empty."""
    made = options(kafka)
    async with topics(made, PARTITIONS):
        yield made


class Member:
    """A member of the group `g`: what it owns now, and what it has seen."""

    def __init__(self, log: KafkaLog) -> None:
        self.log = log
        self.owned: dict[int, KafkaAssignment] = {}
        self.started_at: dict[int, int] = {}
        self.failure: Exception | None = None

    async def collect(self, assignments: AsyncIterator[KafkaAssignment]) -> None:
        """Note what comes, for ever."""
        try:
            async for assignment in assignments:
                self.owned[assignment.partition] = assignment
                self.started_at[assignment.partition] = assignment.position
        except Exception as error:  # noqa: BLE001  the test looks at it
            self.failure = error

    async def still_owned(self) -> set[int]:
        """Which of its assignments still fetch."""
        for partition, assignment in list(self.owned.items()):
            try:
                await assignment.fetch(1, 0.0)
            except Fenced:
                if self.owned.get(partition) is assignment:
                    del self.owned[partition]
        return set(self.owned)


@asynccontextmanager
async def member(made: KafkaOptions, topic: str = TOUCHPOINTS) -> AsyncIterator[Member]:
    """A process of the group, as far as Kafka can tell."""
    async with opened(made) as log, log.consume("g", topic) as assignments:
        joined = Member(log)
        collecting = asyncio.create_task(joined.collect(assignments))
        yield joined
        collecting.cancel()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(SOON):
        while not await condition():  # noqa: ASYNC110  any condition; the deadline is above
            await asyncio.sleep(0.05)


async def fetched(assignment: KafkaAssignment, count: int) -> list[Record]:
    """Fetch until so many records are there."""
    records: list[Record] = []
    async with asyncio.timeout(SOON):
        while len(records) < count:
            records += await assignment.fetch(count - len(records), 1.0)
    return records


async def fill(log: KafkaLog, count: int, topic: str = TOUCHPOINTS) -> None:
    """So many records in each partition."""
    await log.append(
        [
            Emit(topic=topic, key="k", value=str(number).encode(), partition=partition)
            for number in range(count)
            for partition in range(log.partitions(topic))
        ]
    )


async def test_members_share_the_partitions(made: KafkaOptions) -> None:
    """A second member takes its share, the leaving one gives its own back, and each goes on at the committed offset."""
    async with member(made) as first:
        await fill(first.log, 5)
        await until(lambda: _owns(first, {0, 1, 2, 3}))
        first_of_all = first.owned[0]
        async with member(made) as second:

            async def shared() -> bool:
                mine, others = await first.still_owned(), await second.still_owned()
                return len(mine) == 2 and len(others) == 2 and not mine & others

            await until(shared)
            with pytest.raises(Fenced):
                await first_of_all.commit(1, ())
            for partition, assignment in second.owned.items():
                assignment.seek(0)
                await fetched(assignment, 3)
                await assignment.commit(3, [Emit(topic=REJECTED, key="k", value=b"second", partition=partition)])
            theirs = set(second.owned)
        await until(lambda: _owns(first, {0, 1, 2, 3}))
        assert {partition for partition, start in first.started_at.items() if start == 3} == theirs
        assert [offset for offset in await first.log.committed("g", TOUCHPOINTS) if offset] == [3, 3]


async def _owns(who: Member, partitions: set[int]) -> bool:
    return await who.still_owned() == partitions


async def test_a_batch_in_flight_is_committed_before_its_partition_goes(made: KafkaOptions) -> None:
    """The group waits for the batch that is being processed; its new owner starts behind it."""
    async with member(made, IDENTITY) as first:
        await fill(first.log, 2, IDENTITY)
        await until(lambda: _owns(first, {0}))
        assignment = first.owned[0]
        assignment.seek(0)
        await fetched(assignment, 2)
        async with AsyncExitStack() as stack:
            joining = asyncio.create_task(stack.enter_async_context(member(made, IDENTITY)))
            await asyncio.wait_for(asyncio.shield(assignment._over), SOON)
            assert not joining.done()
            await assignment.commit(2, ())
            with pytest.raises(Fenced):
                await assignment.fetch(1, 0.0)
            second = await asyncio.wait_for(joining, SOON)
            await until(lambda: _one_owner(first, second))
            starts = {**first.started_at, **second.started_at} if second.owned else first.started_at
            assert starts[0] == 2


async def _one_owner(first: Member, second: Member) -> bool:
    return len(await first.still_owned()) + len(await second.still_owned()) == 1


async def test_a_zombie_cannot_commit(made: KafkaOptions) -> None:
    """A process that stood still for longer than its session finds that its commit is refused, and nothing is left."""

    async def stand_still() -> tuple[bool, str]:
        async with member(made, IDENTITY) as zombie:
            await until(lambda: _owns(zombie, {0}))
            assignment = zombie.owned[0]
            assignment.seek(0)
            await fetched(assignment, 1)
            frozen.set()
            thawed.wait(SOON)  # blocks this loop, heartbeats included, as SIGSTOP would
            try:
                await assignment.commit(1, [Emit(topic=REJECTED, key="k", value=b"zombie", partition=0)])
            except Fenced as error:
                return True, str(error)
            return False, ""

    frozen, thawed = threading.Event(), threading.Event()
    async with opened(made) as log:
        await fill(log, 1, IDENTITY)
    with ThreadPoolExecutor(1) as elsewhere:
        standing = asyncio.get_running_loop().run_in_executor(elsewhere, lambda: asyncio.run(stand_still()))
        try:
            await asyncio.to_thread(frozen.wait, SOON)
            async with member(made, IDENTITY) as successor:
                await until(lambda: _owns(successor, {0}))
                successor.owned[0].seek(0)
                await fetched(successor.owned[0], 1)
                await successor.owned[0].commit(1, [Emit(topic=REJECTED, key="k", value=b"successor", partition=0)])
                thawed.set()
                fenced, _ = await standing
                assert fenced
                found = await successor.log.read(REJECTED, 0, 0, 10)
                assert [record.value for record in found] == [b"successor"]
        finally:
            thawed.set()


async def test_marks_of_transactions_are_no_lag(made: KafkaOptions) -> None:
    """After an idle fetch the position lies behind the marks of the producers of the topic, and may be committed."""
    async with member(made, IDENTITY) as first, first.log.consume("other", REJECTED) as rejected:
        await fill(first.log, 1, IDENTITY)
        await until(lambda: _owns(first, {0}))
        first.owned[0].seek(0)
        await fetched(first.owned[0], 1)
        await first.owned[0].commit(1, [Emit(topic=REJECTED, key="k", value=b"out", partition=0)])
        async with asyncio.timeout(SOON):
            async for assignment in rejected:
                if assignment.partition == 0:
                    break
            assert len(await fetched(assignment, 1)) == 1
            while not assignment.position == (await first.log.bounds(REJECTED))[0][1] == 2:
                assert not await assignment.fetch(1, 0.1)
        await assignment.commit(assignment.position, ())
        assert (await first.log.committed("other", REJECTED))[0] == 2


async def test_a_deleted_topic_ends_the_membership(made: KafkaOptions) -> None:
    """Positions in a topic that is gone mean nothing: the hop is told, instead of waiting for ever."""
    async with member(made, IDENTITY) as first:
        await until(lambda: _owns(first, {0}))
        admin = AIOKafkaAdminClient(bootstrap_servers=made.bootstrap)
        await admin.start()
        await admin.delete_topics([made.topic_prefix + IDENTITY])
        await admin.close()

        async def told() -> bool:
            return first.failure is not None

        await until(told)
        assert isinstance(first.failure, LostPosition)
        assert "leadflow init" in str(first.failure)


async def test_missing_topics_are_named(kafka: Cluster) -> None:
    """Opening says which topics there are not, and what makes them."""
    started = time.monotonic()
    with pytest.raises(WrongTopics, match=r"identity.*leadflow init"):
        await KafkaLog.open(options(kafka))
    assert time.monotonic() - started < SOON


async def test_who_leaves_during_a_rebalance_does_not_wait_for_its_own_batch(made: KafkaOptions) -> None:
    """A batch that was abandoned by a stop keeps neither the stopping process nor the group waiting."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(member(made, IDENTITY))
        await fill(first.log, 1, IDENTITY)
        await until(lambda: _owns(first, {0}))
        assignment = first.owned[0]
        assignment.seek(0)
        await fetched(assignment, 1)
        async with AsyncExitStack() as later:
            joining = asyncio.create_task(later.enter_async_context(member(made, IDENTITY)))
            await asyncio.wait_for(asyncio.shield(assignment._over), SOON)
            started = time.monotonic()
            await stack.aclose()
            assert time.monotonic() - started < made.rebalance_timeout / 2
            second = await asyncio.wait_for(joining, SOON)
            await until(lambda: _owns(second, {0}))
            assert second.started_at == {0: 0}
