"""A hop among others of its group: partitions come and go, and what it remembers goes with them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pipeline.in_memory import FixedClock

from leadflow import metrics
from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.pipeline.hop import Hop, Step, Surroundings, run_hop
from leadflow.ports import Emit, Fenced, Overtaken, Record, Revoked, Unavailable


@dataclass
class Dealt:
    """An assignment that gives one record, then what it is told to raise."""

    partition: int
    topic: str = TOUCHPOINTS
    position: int = 0
    commits: list[int] = field(default_factory=list)
    end: asyncio.Future[Fenced] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:  # noqa: ARG002  as the port says
        """One record at first; then wait for the end."""
        if self.position:
            raise await self.end
        self.position = 1
        return [Record(topic=self.topic, partition=self.partition, offset=0, key="k", value=b"v", timestamp=0)]

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:  # noqa: ARG002  as the port says
        """Note it."""
        self.commits.append(next_offset)

    def seek(self, offset: int) -> None:
        """Go there."""
        self.position = offset


class Dealer(MemoryLog):
    """A log whose assignments are dealt by the test."""

    def __init__(self) -> None:
        super().__init__(partitions=2)
        self.hands: asyncio.Queue[Dealt | Exception] = asyncio.Queue()
        self.joined = 0

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[Dealt]]:  # type: ignore[override]  # noqa: ARG002
        """Join; what is dealt comes from `hands`."""
        self.joined += 1

        async def dealt() -> AsyncIterator[Dealt]:
            while True:
                hand = await self.hands.get()
                if isinstance(hand, Exception):
                    raise hand
                yield hand

        yield dealt()


@pytest.fixture
def lost() -> list[int]:
    """The partitions that the hop was told to forget, in order."""
    return []


async def step(records: Sequence[Record]) -> Step:
    """Nothing to emit."""
    return Step(records[-1].offset + 1, ())


@asynccontextmanager
async def running(log: Dealer, lost: list[int], taking: object = step) -> AsyncIterator[asyncio.Task[None]]:
    """A hop on the dealer's log, stopped in the end."""
    stop = asyncio.Event()
    hop = Hop("test", TOUCHPOINTS, taking, metrics.PROCESSOR, lost=lost.append)  # type: ignore[arg-type]
    task = asyncio.create_task(run_hop(hop, Surroundings(log, MemoryStore(), FixedClock(), stop)))
    yield task
    stop.set()
    await task


async def until(condition: object) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(5):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110  any condition; the deadline is above
            await asyncio.sleep(0.005)


async def test_a_revoked_partition_ends_alone(lost: list[int]) -> None:
    """What the group takes back is forgotten quietly: the other partition goes on, and nothing is joined anew."""
    log = Dealer()
    one, other = Dealt(0), Dealt(1)
    log.hands.put_nowait(one)
    log.hands.put_nowait(other)
    async with running(log, lost) as task:
        await until(lambda: one.commits and other.commits)
        one.end.set_result(Revoked("dealt out anew"))
        await until(lambda: lost == [0])
        assert not task.done()
        assert log.joined == 1
        other.end.set_result(Revoked("the test is over"))


async def test_a_partition_that_comes_back_starts_anew(lost: list[int]) -> None:
    """The same partition dealt again first ends its old task, even in the middle of a batch."""
    log = Dealer()
    stuck, again = Dealt(0), Dealt(0)
    begun = asyncio.Event()

    async def taking(records: Sequence[Record]) -> Step:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()
        return await step(records)

    log.hands.put_nowait(stuck)
    async with running(log, lost, taking):
        await begun.wait()
        log.hands.put_nowait(again)
        await until(lambda: again.commits == [1])
        assert lost == [0]
        assert stuck.commits == []
        again.end.set_result(Revoked("the test is over"))


@pytest.mark.parametrize("trouble", [Overtaken("a newer owner"), Unavailable("no answer")], ids=["fenced", "late"])
async def test_trouble_with_one_partition_drops_all_and_joins_again(lost: list[int], trouble: Fenced) -> None:
    """A fenced producer or a commit that nobody knows of: leave the group, forget everything, join again."""
    log = Dealer()
    one, other = Dealt(0), Dealt(1)
    log.hands.put_nowait(one)
    log.hands.put_nowait(other)
    async with running(log, lost):
        await until(lambda: one.commits and other.commits)
        one.end.set_result(trouble)
        await until(lambda: log.joined == 2)
        assert sorted(lost) == [0, 1]


async def test_a_log_that_cannot_be_shared_stops_the_hop(lost: list[int]) -> None:
    """Fenced without more is for an operator, as with a file that another process has opened."""
    log = Dealer()
    one = Dealt(0)
    log.hands.put_nowait(one)
    task = asyncio.create_task(
        run_hop(
            Hop("test", TOUCHPOINTS, step, metrics.PROCESSOR, lost=lost.append),
            Surroundings(log, MemoryStore(), FixedClock(), asyncio.Event()),
        )
    )
    await until(lambda: one.commits)
    one.end.set_result(Fenced("another process"))
    with pytest.raises(Fenced, match="another process"):
        await asyncio.wait_for(task, 5)


async def test_what_the_group_itself_runs_into_arrives(lost: list[int]) -> None:
    """An error of the membership, without any partition, joins again too."""
    log = Dealer()
    log.hands.put_nowait(Unavailable("the coordinator is away"))
    async with running(log, lost):
        await until(lambda: log.joined == 2)
