"""A hop: fetch a batch, take a step, commit its outputs and its offset as one; for each owned partition, for ever."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import structlog

from leadflow.contracts.collections import CHECKPOINTS
from leadflow.contracts.documents import CheckpointDoc
from leadflow.metrics import HopMetrics
from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.dead_letters import TooManyRejected
from leadflow.ports import Assignment, Clock, Emit, Fenced, Log, LostPosition, Record, Store, Unavailable

_FETCH_WAIT = 0.5  # seconds; also how long a stop may go unnoticed
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_CHECKPOINT_EVERY = 1.0  # seconds under load; at once when idle, so that an offset that expires is never ahead of it

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch came to: the offset to go on from, and what is to be written with it.

    `received_at`: the oldest instant (ms) at which something of this batch was received, for the latency metric.
    """

    next_offset: int
    emits: Sequence[Emit]
    received_at: int | None = None


async def _nothing() -> None:
    """What most hops have to do before they consume."""


def _to_nobody(_hop: str, _state: str | None) -> None:
    """Where nobody asks how a hop is."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A consuming service: its group and topic, and the idempotent step that it takes for each batch.

    `prepare` runs whenever it joins its group, before it reads anything; it may run again at any time.
    """

    group: str
    topic: str
    step: Callable[[Sequence[Record]], Awaitable[Step]]
    metrics: HopMetrics
    max_records: int = 1_000
    prepare: Callable[[], Awaitable[None]] = _nothing

    @property
    def name(self) -> str:
        """What readiness and logs call it."""
        return f"{self.group}:{self.topic}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a hop runs on. `report` is told of each hop by its name why it does not work now; None: it does."""

    log: Log
    store: Store
    clock: Clock
    stop: asyncio.Event
    report: Callable[[str, str | None], None] = _to_nobody


async def run_hop(hop: Hop, around: Surroundings) -> None:
    """Consume until `stop` is set. A failed commit leaves the group and joins again: the log knows what was committed.

    Raises Fenced when another process has taken a partition over, LostPosition when the log does not hold the offset to
    go on from, TooManyRejected when most records cannot be processed; all are for an operator.
    """
    pause = _FIRST_PAUSE
    around.report(hop.name, "joins its group")
    while not around.stop.is_set():
        try:
            await hop.prepare()
            async with around.log.consume(hop.group, hop.topic) as assignments:
                around.report(hop.name, None)
                await _consume(hop, assignments, around)
            pause = _FIRST_PAUSE
        except* Fenced as group:
            hop.metrics.fenced.inc()
            raise Fenced(_first(group)) from group
        except* LostPosition as group:
            raise LostPosition(_first(group)) from group
        except* TooManyRejected as group:
            raise TooManyRejected(_first(group)) from group
        except* Unavailable as group:
            hop.metrics.retries.labels("commit_unavailable").inc()
            logger.warning("rejoining", group=hop.group, topic=hop.topic, error=_first(group))
            around.report(hop.name, f"joins its group again: {_first(group)}")
            await _rest(pause, around.stop)
            pause = min(pause * 2, _LONGEST_PAUSE)


async def _consume(hop: Hop, assignments: AsyncIterator[Assignment], around: Surroundings) -> None:
    """Run one task per assigned partition until `stop`; the first failure ends them all."""
    async with asyncio.TaskGroup() as tasks:

        async def accept() -> None:
            async for assignment in assignments:
                tasks.create_task(_own(hop, assignment, around))

        accepting = tasks.create_task(accept())
        await around.stop.wait()
        accepting.cancel()


async def _own(hop: Hop, assignment: Assignment, around: Surroundings) -> None:
    """Process one partition, batch by batch."""
    key = f"{hop.group}:{assignment.topic}:{assignment.partition}"
    committed, unsaved = await _resume(assignment, key, around.store)
    saved_at, wait = perf_counter(), 0.0
    while not around.stop.is_set():
        records = await assignment.fetch(hop.max_records, wait)
        wait = _FETCH_WAIT
        if unsaved and (not records or perf_counter() - saved_at > _CHECKPOINT_EVERY):
            unsaved = not await _checkpoint(around.store, key, committed)
            saved_at = perf_counter()
        if not records:
            if assignment.position > committed:  # only marks of transactions lie there: no lag, nothing to read again
                await assignment.commit(assignment.position, ())
                committed, unsaved = assignment.position, True
            continue
        started = perf_counter()
        step = await _insist(hop, records, around.stop)
        if step is None:
            return
        await assignment.commit(step.next_offset, step.emits)
        committed, unsaved, wait = step.next_offset, True, 0.0
        if committed != records[-1].offset + 1:
            assignment.seek(committed)
        _measure(hop, records, step, started, around.clock)
    if unsaved:
        await _checkpoint(around.store, key, committed)


async def _resume(assignment: Assignment, key: str, store: Store) -> tuple[int, bool]:
    """Start at the later of the committed offset and the checkpoint; never silently at the log's beginning.

    Returns where that is, and whether the checkpoint lies behind it: its last owner may have died in between.
    """
    (checkpoint,) = await store.get(CHECKPOINTS, [key])
    saved = checkpoint.value.offset if checkpoint is not None else 0
    if saved > assignment.position:
        assignment.seek(saved)
    return assignment.position, saved < assignment.position


async def _checkpoint(store: Store, key: str, offset: int) -> bool:
    """Keep a second memory of the committed offset; False when it has to be tried again."""
    document = CheckpointDoc(offset=offset)
    try:
        (known,) = await store.get(CHECKPOINTS, [key])
        if known is None:
            (done,) = await store.insert(CHECKPOINTS, [(key, document)])
            return done
        if known.value.offset < offset:
            (done,) = await store.replace(CHECKPOINTS, [(key, document, known.rev)])
            return done
    except Unavailable as error:
        logger.warning("checkpoint_not_written", key=key, error=str(error))
        return False
    return True


async def _insist(hop: Hop, records: Sequence[Record], stop: asyncio.Event) -> Step | None:
    """Take the step, again and again while the store is away. A step is idempotent, so half of one does no harm."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await hop.step(records)
        except Unavailable as error:
            hop.metrics.retries.labels("store_unavailable").inc()
            logger.warning("step_waits", group=hop.group, error=str(error), pause_s=pause)
            await _rest(max(pause, min(error.retry_after, _LONGEST_PAUSE)), stop)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if stop.is_set():
                return None


async def _rest(seconds: float, stop: asyncio.Event) -> None:
    """Pause with jitter, so that workers do not come back in step; a stop ends it."""
    with_jitter = seconds * random.uniform(0.5, 1.0)  # noqa: S311  spreading load needs no secrecy
    try:
        await asyncio.wait_for(stop.wait(), with_jitter)
    except TimeoutError:
        return


def _measure(hop: Hop, records: Sequence[Record], step: Step, started: float, clock: Clock) -> None:
    hop.metrics.records.inc(len(records))
    hop.metrics.batch_records.observe(len(records))
    hop.metrics.batch_seconds.observe(perf_counter() - started)
    if step.received_at is not None:
        hop.metrics.end_to_end.observe(max(0, clock.now() - step.received_at) / 1_000)


async def measure_lag(hops: Sequence[Hop], around: Surroundings, backlog: Backlog, every: float = 1.0) -> None:
    """Keep the lag gauges and the backlog true until `stop`: records between committed offsets and partitions' ends."""
    while not around.stop.is_set():
        try:
            backlog.records = sum([await _lag(hop, around.log) for hop in hops])
        except Unavailable as error:
            logger.warning("lag_unknown", error=str(error))
        await _rest(every, around.stop)


async def _lag(hop: Hop, log: Log) -> int:
    """Measure how many records a hop has not committed yet."""
    bounds = await log.bounds(hop.topic)
    committed = await log.committed(hop.group, hop.topic)
    lags = [end - (begin if offset is None else offset) for (begin, end), offset in zip(bounds, committed, strict=True)]
    for partition, lag in enumerate(lags):
        hop.metrics.lag.labels(str(partition)).set(lag)
    return sum(lags)


def _first(group: BaseExceptionGroup[Exception]) -> str:
    """The text of the first error of a group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
