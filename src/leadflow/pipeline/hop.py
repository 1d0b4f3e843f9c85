"""A hop: fetch a batch, take a step, commit its outputs and its offset as one; for each owned partition, for ever."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import structlog

from leadflow.metrics import HopMetrics
from leadflow.pipeline import checkpoint
from leadflow.pipeline.dead_letters import TooManyRejected
from leadflow.ports import (
    Assignment,
    Clock,
    Emit,
    Fenced,
    Log,
    LostPosition,
    Overtaken,
    Record,
    Revoked,
    Store,
    Superseded,
    Unavailable,
)

_FETCH_WAIT = 0.5  # seconds; also how long a stop may go unnoticed
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_CALM = 30.0  # seconds in a group after which trouble counts as new
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


def _remembers_nothing(partition: int) -> None:
    """What most hops have to forget when they lose a partition."""


def _to_nobody(_hop: str, _state: str | None) -> None:
    """Where nobody asks how a hop is."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A consuming service: its group and topic, and the idempotent step that it takes for each batch.

    `prepare` runs whenever it joins its group, before it reads anything; it may run again at any time. `lost` is told
    the number of each partition that is ours no longer: what is remembered of it may be outdated from then on.
    """

    group: str
    topic: str
    step: Callable[[Sequence[Record]], Awaitable[Step]]
    metrics: HopMetrics
    max_records: int = 1_000
    prepare: Callable[[], Awaitable[None]] = _nothing
    lost: Callable[[int], None] = _remembers_nothing

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

    Raises Fenced when another process has taken over a log that cannot be shared, LostPosition when the log does not
    hold the offset to go on from, TooManyRejected when most records cannot be processed, Superseded when a later
    deployment goes by other rules; all are for an operator.
    """
    pause = _FIRST_PAUSE
    around.report(hop.name, "joins its group")
    while not around.stop.is_set():
        joined_at = perf_counter()
        try:
            await hop.prepare()
            async with around.log.consume(hop.group, hop.topic) as assignments:
                around.report(hop.name, None)
                await _consume(hop, assignments, around)
        except* (Overtaken, Unavailable) as group:
            _count(hop, group)
            pause = _FIRST_PAUSE if perf_counter() - joined_at > _CALM else pause
            logger.warning("rejoining", group=hop.group, topic=hop.topic, error=_first(group), pause_s=pause)
            around.report(hop.name, f"joins its group again: {_first(group)}")
            await rest(pause, around.stop)
            pause = min(pause * 2, _LONGEST_PAUSE)
        except* Fenced as group:
            hop.metrics.fenced.inc()
            raise Fenced(_first(group)) from group
        except* LostPosition as group:
            raise LostPosition(_first(group)) from group
        except* TooManyRejected as group:
            raise TooManyRejected(_first(group)) from group
        except* Superseded as group:
            raise Superseded(_first(group)) from group


def _count(hop: Hop, trouble: BaseExceptionGroup[Exception]) -> None:
    if trouble.subgroup(Overtaken) is not None:
        hop.metrics.fenced.inc()
    if trouble.subgroup(Unavailable) is not None:
        hop.metrics.retries.labels("commit_unavailable").inc()


async def _consume(hop: Hop, assignments: AsyncIterator[Assignment], around: Surroundings) -> None:
    """Run one task per assigned partition until `stop`; the first failure ends them all.

    A partition that comes back to us is started anew, once its last task is over.
    """
    async with asyncio.TaskGroup() as tasks:
        owners: dict[int, asyncio.Task[None]] = {}

        async def accept() -> None:
            async for assignment in assignments:
                earlier = owners.get(assignment.partition)
                if earlier is not None and not earlier.done():
                    earlier.cancel()
                    await asyncio.wait({earlier})
                owners[assignment.partition] = tasks.create_task(_own(hop, assignment, around))

        accepting = tasks.create_task(accept())
        await around.stop.wait()
        accepting.cancel()


async def _own(hop: Hop, assignment: Assignment, around: Surroundings) -> None:
    """Process one partition until it is taken back by its group, or `stop`."""
    try:
        await _process(hop, assignment, around)
    except Revoked as reason:
        logger.info("partition_revoked", group=hop.group, topic=hop.topic, reason=str(reason))
    finally:
        hop.lost(assignment.partition)


async def _process(hop: Hop, assignment: Assignment, around: Surroundings) -> None:
    """Fetch, step and commit, batch by batch."""
    key = checkpoint.key_of(hop.group, assignment)
    committed, unsaved = await checkpoint.resume(assignment, key, around.store)
    saved_at, wait = perf_counter(), 0.0
    while not around.stop.is_set():
        records, waited = await assignment.fetch(hop.max_records, wait), wait > 0
        wait = _FETCH_WAIT
        if unsaved and (not records or perf_counter() - saved_at > _CHECKPOINT_EVERY):
            unsaved = not await checkpoint.save(around.store, key, committed)
            saved_at = perf_counter()
        if not records:
            if waited and assignment.position > committed:
                # Only marks of transactions lie there: no lag. Not before all is quiet: it takes a transaction.
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
        await checkpoint.save(around.store, key, committed)


async def _insist(hop: Hop, records: Sequence[Record], stop: asyncio.Event) -> Step | None:
    """Take the step, again and again while the store is away. A step is idempotent, so half of one does no harm."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await hop.step(records)
        except Unavailable as error:
            hop.metrics.retries.labels("store_unavailable").inc()
            logger.warning("step_waits", group=hop.group, error=str(error), pause_s=pause)
            await rest(max(pause, min(error.retry_after, _LONGEST_PAUSE)), stop)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if stop.is_set():
                return None


async def rest(seconds: float, stop: asyncio.Event) -> None:
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


def _first(group: BaseExceptionGroup[Exception]) -> str:
    """The text of the first error of a group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
