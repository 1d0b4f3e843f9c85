"""A hop stands what the log and the store do to it: nothing is skipped, nothing is committed that was not done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from pipeline.in_memory import FixedClock

from leadflow import metrics
from leadflow.adapters.log_memory import MemoryAssignment, MemoryLog, _Ownership
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.collections import CHECKPOINTS
from leadflow.contracts.documents import CheckpointDoc
from leadflow.contracts.topics import REJECTED, TOUCHPOINTS
from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.dead_letters import RejectedShare, TooManyRejected
from leadflow.pipeline.hop import Hop, Step, Surroundings, run_hop
from leadflow.pipeline.lag import measure_lag
from leadflow.ports import Emit, Fenced, LostPosition, Record, Unavailable

StepFunction = Callable[[Sequence[Record]], Awaitable[Step]]


def around(log: MemoryLog) -> Surroundings:
    """Surroundings with an empty store."""
    return Surroundings(log, MemoryStore(), FixedClock(), asyncio.Event())


def hop(step: StepFunction, max_records: int = 10) -> Hop:
    """A hop over `touchpoints`."""
    return Hop("test", TOUCHPOINTS, step, metrics.PROCESSOR, max_records)


async def fill(log: MemoryLog, count: int) -> None:
    """Append records to one partition."""
    await log.append([Emit(topic=TOUCHPOINTS, key="k", value=str(i).encode(), partition=0) for i in range(count)])


async def until(condition: Callable[[], bool], task: asyncio.Task[None], seconds: float = 10) -> None:
    """Wait for a condition while the hop lives."""
    async with asyncio.timeout(seconds):
        while not condition() and not task.done():  # noqa: ASYNC110  any condition; the deadline is above
            await asyncio.sleep(0.005)
    if task.done():
        task.result()


def copying(seen: list[bytes]) -> StepFunction:
    """A step that notes what it reads and emits a copy."""

    async def step(records: Sequence[Record]) -> Step:
        values = [record.value or b"" for record in records]
        seen.extend(values)
        emits = [Emit(topic=REJECTED, key="k", value=value, partition=0) for value in values]
        return Step(records[-1].offset + 1, emits)

    return step


async def outputs(log: MemoryLog) -> list[bytes]:
    """What was emitted."""
    return [record.value or b"" for record in await log.read(REJECTED, 0, 0, 1_000)]


async def test_a_step_is_taken_again_while_the_store_is_away() -> None:
    """An unavailable store delays the batch and loses nothing; it is committed once."""
    log = MemoryLog(partitions=1)
    await fill(log, 3)
    seen: list[bytes] = []
    failures = iter([Unavailable("store is down", 0.01), Unavailable("store is down", 0.01)])

    async def step(records: Sequence[Record]) -> Step:
        for failure in failures:
            raise failure
        return await copying(seen)(records)

    place = around(log)
    task = asyncio.create_task(run_hop(hop(step), place))
    await until(lambda: len(seen) == 3, task)
    place.stop.set()
    await task
    assert await outputs(log) == [b"0", b"1", b"2"]
    assert await log.committed("test", TOUCHPOINTS) == [3]


async def test_after_a_failed_commit_the_log_says_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that failed wrote nothing: the batch is read again after joining anew, and emitted once."""
    log = MemoryLog(partitions=1)
    await fill(log, 2)
    seen: list[bytes] = []
    commit = MemoryAssignment.commit
    failing = iter([True, True])

    async def commit_or_fail(self: MemoryAssignment, next_offset: int, emits: Sequence[Emit]) -> None:
        for _ in failing:
            raise Unavailable("disk is full")
        await commit(self, next_offset, emits)

    monkeypatch.setattr(MemoryAssignment, "commit", commit_or_fail)
    place = around(log)
    task = asyncio.create_task(run_hop(hop(copying(seen)), place))
    await until(lambda: len(seen) == 6, task)
    await until(lambda: log._owned["test", TOUCHPOINTS, 0].committed == 2, task)
    place.stop.set()
    await task
    assert await outputs(log) == [b"0", b"1"]


async def test_a_step_may_end_its_batch_early() -> None:
    """When a step commits less than it was given, the rest is read again."""
    log = MemoryLog(partitions=1)
    await fill(log, 5)
    seen: list[int] = []

    async def step(records: Sequence[Record]) -> Step:
        seen.append(len(records))
        return Step(records[0].offset + min(2, len(records)), ())

    place = around(log)
    task = asyncio.create_task(run_hop(hop(step), place))
    await until(lambda: len(seen) == 3, task)
    place.stop.set()
    await task
    assert seen == [5, 3, 1]


async def test_a_checkpoint_ahead_of_the_log_stops_with_an_explanation() -> None:
    """A log that lost records below an offset that was reached is an operator's decision, never skipped silently."""
    log = MemoryLog(partitions=1)
    await fill(log, 2)
    place = around(log)
    await place.store.insert(CHECKPOINTS, [(f"test:{TOUCHPOINTS}:0", CheckpointDoc(offset=50))])
    with pytest.raises(LostPosition, match="50"):
        await run_hop(hop(copying([])), place)


async def test_a_lost_commit_offset_goes_on_from_the_checkpoint() -> None:
    """When the log has forgotten the group, the store's checkpoint says where to go on."""
    log = MemoryLog(partitions=1)
    await fill(log, 5)
    seen: list[bytes] = []
    place = around(log)
    await place.store.insert(CHECKPOINTS, [(f"test:{TOUCHPOINTS}:0", CheckpointDoc(offset=3))])
    task = asyncio.create_task(run_hop(hop(copying(seen)), place))
    await until(lambda: len(seen) == 2, task)
    place.stop.set()
    await task
    assert seen == [b"3", b"4"]


async def test_another_owner_ends_the_hop() -> None:
    """Who has been fenced stops at once, with nothing of its own left behind."""
    log = MemoryLog(partitions=1)
    place = around(log)
    seen: list[bytes] = []
    task = asyncio.create_task(run_hop(hop(copying(seen)), place))
    await until(lambda: ("test", TOUCHPOINTS, 0) in log._owned, task)
    async with log.consume("test", TOUCHPOINTS):
        with pytest.raises(Fenced):
            await asyncio.wait_for(task, 10)
    assert seen == []


async def test_what_waits_is_known() -> None:
    """The backlog is what all hops have not committed yet, partition by partition; it goes as they commit."""
    log, backlog = MemoryLog(), Backlog(limit=8)
    surroundings = around(log)
    await fill(log, 8)
    await log.append([Emit(topic=REJECTED, key="k", value=b"", partition=1)])
    hops = [hop(copying([])), Hop("other", REJECTED, copying([]), metrics.REJECTIONS)]
    measuring = asyncio.create_task(measure_lag(hops, surroundings, backlog, every=0.001))
    await until(lambda: backlog.records == 9, measuring)
    assert backlog.full
    assert metrics.PROCESSOR.lag.labels("0")._value.get() == 8
    async with log.consume("test", TOUCHPOINTS) as assignments:
        async for assignment in assignments:
            if assignment.partition == 0:
                await assignment.commit(8, [])
    await until(lambda: backlog.records == 1, measuring)
    assert not backlog.full
    surroundings.stop.set()
    await measuring


async def test_the_age_of_what_waits_is_known() -> None:
    """The alert on records that wait for so long that the log may drop them looks at the oldest; 0 when none waits."""
    clock = FixedClock()
    log = MemoryLog(clock=clock)
    surroundings = Surroundings(log, MemoryStore(), clock, asyncio.Event())
    await fill(log, 1)
    clock.instant += 60_000
    await fill(log, 1)
    clock.instant += 30_000
    age = metrics.PROCESSOR.lag_seconds.labels("0")._value
    measuring = asyncio.create_task(measure_lag([hop(copying([]))], surroundings, Backlog(), every=0.001))
    await until(lambda: age.get() == 90, measuring)
    async with log.consume("test", TOUCHPOINTS) as assignments:
        async for assignment in assignments:
            if assignment.partition == 0:
                await assignment.commit(1, [])
    await until(lambda: age.get() == 30, measuring)
    async with log.consume("test", TOUCHPOINTS) as assignments:
        async for assignment in assignments:
            if assignment.partition == 0:
                await assignment.commit(2, [])
    await until(lambda: age.get() == 0, measuring)
    surroundings.stop.set()
    await measuring


async def test_a_checkpoint_that_lags_behind_the_log_is_caught_up_without_news() -> None:
    """Whoever died between its commit and its checkpoint leaves no trap for the day when the offset expires."""
    log = MemoryLog(partitions=1)
    await fill(log, 3)
    async with log.consume("test", TOUCHPOINTS) as assignments:
        async for assignment in assignments:
            await assignment.commit(3, ())
    place = around(log)
    task = asyncio.create_task(run_hop(hop(copying([])), place))
    key = f"test:{TOUCHPOINTS}:0"
    await until(lambda: key in place.store._rows.get("checkpoints", {}), task)
    place.stop.set()
    await task
    (checkpoint,) = await place.store.get(CHECKPOINTS, [key])
    assert checkpoint is not None
    assert checkpoint.value.offset == 3


async def test_offsets_without_a_record_are_no_lag() -> None:
    """What the end of a transaction leaves behind the last record is passed as soon as there is nothing else to do."""
    log = MemoryLog(partitions=1, marks=lambda: 2)
    await fill(log, 1)
    async with log.consume("upstream", REJECTED) as assignments:
        async for assignment in assignments:
            emits = [Emit(topic=TOUCHPOINTS, key="k", value=value, partition=0) for value in (b"1", b"2")]
            await assignment.commit(0, emits)
            await assignment.commit(0, emits[:1])
    seen: list[bytes] = []
    place = around(log)
    task = asyncio.create_task(run_hop(hop(copying(seen)), place))
    await until(lambda: log._owned.get(("test", TOUCHPOINTS, 0), _Ownership()).committed == 8, task)
    assert await log.bounds(TOUCHPOINTS) == [(0, 8)]
    place.stop.set()
    await task
    assert seen == [b"0", b"1", b"2", b"1"]
    assert [record.offset for record in await log.read(TOUCHPOINTS, 0, 0, 10)] == [0, 1, 2, 5]


class Away(MemoryLog):
    """A log whose group cannot be joined the first time."""

    joins = 0

    def consume(self, group: str, topic: str) -> AbstractAsyncContextManager[AsyncIterator[MemoryAssignment]]:
        """Fail once, then work."""
        self.joins += 1
        if self.joins == 1:
            raise Unavailable("no coordinator")
        return super().consume(group, topic)


async def test_a_hop_tells_readiness_from_when_on_it_works() -> None:
    """Not before it has joined its group, and not while it has to join again."""
    told: list[tuple[str, str | None]] = []
    surroundings = replace(around(Away()), report=lambda name, state: told.append((name, state)))
    running = asyncio.create_task(run_hop(hop(copying([])), surroundings))
    await until(lambda: bool(told) and told[-1][1] is None, running)
    surroundings.stop.set()
    await running
    assert {name for name, _ in told} == {"test:touchpoints"}
    assert [state for _, state in told] == ["joins its group", "joins its group again: no coordinator", None]


async def test_a_consumer_that_rejects_too_much_commits_nothing() -> None:
    """The hop ends with the reason; the batch waits for repaired code."""
    log = MemoryLog(partitions=1)
    await fill(log, 20)
    share = RejectedShare(0.5, fewest=10)

    async def step(records: Sequence[Record]) -> Step:
        share.admit((0, records[0].offset), len(records), len(records))
        return Step(records[-1].offset + 1, ())

    with pytest.raises(TooManyRejected, match="20 of the latest 20"):
        await run_hop(hop(step, max_records=100), around(log))
    assert await log.committed("test", TOUCHPOINTS) == [None]
