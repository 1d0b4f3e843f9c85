"""The broker goes away and comes back: appends are refused in time, and hops go on by themselves, exactly once."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress

import pytest
from kafka.logs import opened, options, topics
from pipeline.in_memory import FixedClock
from tools.broker import Cluster, running

from leadflow import metrics
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.log_kafka import KafkaLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.topics import REJECTED, TOUCHPOINTS
from leadflow.pipeline.hop import Hop, Step, Surroundings, run_hop
from leadflow.ports import Emit, Overloaded, Record, Unavailable

DEADLINE = 3.0
SOON = 40.0


@pytest.fixture(scope="module")
def alone(needs_kafka: None) -> Iterator[Cluster]:  # noqa: ARG001  skips or fails
    """A broker that may be stopped."""
    with running() as cluster:
        yield cluster


@pytest.fixture
async def made(alone: Cluster) -> AsyncIterator[KafkaOptions]:
    """Topics that are empty, and little patience."""
    made = options(alone, call_timeout=DEADLINE, max_waiting_bytes=64 * 1024)
    async with topics(made, 1):
        yield made


def touchpoint(number: int, size: int = 0) -> Emit:
    """One record."""
    return Emit(topic=TOUCHPOINTS, key="k", value=str(number).encode().ljust(size), partition=0)


async def appended(log: KafkaLog, number: int) -> None:
    """Append as an SDK does: again until it is acknowledged."""
    async with asyncio.timeout(SOON):
        while True:
            with suppress(Unavailable):
                await log.append([touchpoint(number)])
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("suspended", [False, True], ids=["stopped", "frozen"])
async def test_appends_are_refused_in_time_and_work_again(
    alone: Cluster, made: KafkaOptions, *, suspended: bool
) -> None:
    """Without a broker an append is Unavailable in time, what may wait is bounded, and all resumes by itself."""
    (node,) = alone.nodes
    async with opened(made) as log:
        await log.append([touchpoint(0)])
        await asyncio.to_thread(node.suspend if suspended else node.stop)
        try:
            started = time.monotonic()
            waiting = [asyncio.create_task(log.append([touchpoint(1, 16 * 1024)])) for _ in range(10)]
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            assert time.monotonic() - started < 2 * DEADLINE + 4
            assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
            assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 7
            with pytest.raises(Unavailable):
                await log.check()
        finally:
            await asyncio.to_thread(node.resume if suspended else node.start)
        await appended(log, 2)
        await log.check()
        values = [record.value for record in await log.read(TOUCHPOINTS, 0, 0, 100)]
        assert (values[0], values[-1]) == (b"0", b"2")


async def test_a_hop_goes_on_exactly_once(alone: Cluster, made: KafkaOptions) -> None:
    """The broker is restarted under a hop that copies: each record is copied once, in order, and the hop never ends."""
    (node,) = alone.nodes
    stop = asyncio.Event()

    async def copy(records: Sequence[Record]) -> Step:
        return Step(
            records[-1].offset + 1,
            [Emit(topic=REJECTED, key=record.key, value=record.value, partition=0) for record in records],
        )

    async with opened(made) as log:
        hop = Hop("copy", TOUCHPOINTS, copy, metrics.PROCESSOR, max_records=3)
        task = asyncio.create_task(run_hop(hop, Surroundings(log, MemoryStore(), FixedClock(), stop)))
        for number in range(40):
            if number == 15:
                await asyncio.to_thread(node.stop)
                await asyncio.to_thread(node.start)
            await appended(log, number)
        source = [record.value for record in await log.read(TOUCHPOINTS, 0, 0, 1_000)]
        async with asyncio.timeout(SOON):
            copies: list[bytes | None] = []
            while len(copies) < len(source):
                with suppress(Unavailable):
                    copies = [record.value for record in await log.read(REJECTED, 0, 0, 1_000)]
                assert not task.done()
                await asyncio.sleep(0.1)
        assert copies == source
        assert list(dict.fromkeys(source)) == [str(number).encode() for number in range(40)]
        stop.set()
        await asyncio.wait_for(task, SOON)
