"""Each hop alone over Kafka: against the bare loop on the same broker, and against itself without transactions."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import msgspec
import uvloop

from bench.events import Events
from bench.goals import Figure
from bench.kafka.at_least_once import AtLeastOnceLog
from bench.kafka.loop import Loop
from bench.kafka.topics import create_topics
from bench.measure import Contender, share, timed
from bench.options import Options
from bench.people import Crowd
from bench.population import populate
from bench.workbench import NOOP_OUT, PARTITIONS, Workbench
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.log_kafka import KafkaLog
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.contracts import topics
from leadflow.contracts.resolved import ResolvedRecord
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.ports import Log
from leadflow.runtime.garbage import collect_rarely

TOPICS = (*topics.TOPICS, topics.Topic(name=NOOP_OUT))
COMPARED = ("noop_touchpoints", "processor")
WEAKER = "_at_least_once"
LATER = ("resolver", "noop_resolved", "scoring")
LOOPS = {topics.TOUCHPOINTS: Touchpoint, topics.RESOLVED: ResolvedRecord}

Contenders = dict[str, Contender]


def measure(options: Options, bootstrap: str) -> list[Figure]:
    """Let loops and hops take turns over fresh events."""
    return uvloop.run(_measure(options, KafkaOptions(bootstrap=bootstrap, topic_prefix="hops.")))


async def _measure(options: Options, kafka: KafkaOptions) -> list[Figure]:
    with TemporaryDirectory() as name:
        async with _opened(Path(name), kafka) as bench:
            await populate(bench.workbench.store, options.profiles)
            events = Events(Crowd(options.profiles, 1))
            await bench.round(events, options.events // 4, contenders(), weaker_first=True)  # the warm-up
            measured = contenders()
            for number in range(options.rounds):
                await bench.round(events, options.events, measured, weaker_first=bool(number % 2))
    return figures(measured)


def contenders() -> Contenders:
    """Return everything that is measured, without samples."""
    compared = (f"{name}{suffix}" for name in COMPARED for suffix in ("", WEAKER))
    return {name: Contender(name) for name in (*compared, *LATER, *(f"loop_{topic}" for topic in LOOPS))}


@dataclass(frozen=True, slots=True)
class _Bench:
    """`loops` by the topics that they pass on."""

    workbench: Workbench
    loops: dict[str, Loop]
    weaker: Log

    async def round(self, events: Events, count: int, measured: Contenders, *, weaker_first: bool) -> None:
        """Work fresh events off: twice where a hop is compared with itself, everything else over both together."""
        for weaker in (weaker_first, not weaker_first):
            await self.workbench.send(events.take(count))
            for name in COMPARED:
                log = self.weaker if weaker else None
                drained = await self.workbench.drain(getattr(self.workbench, name), log)
                measured[f"{name}{WEAKER if weaker else ''}"].add(*drained)
        await self._pass_on(topics.TOUCHPOINTS, measured)
        for name in LATER:
            if name == "noop_resolved":
                await self._pass_on(topics.RESOLVED, measured)
            measured[name].add(*await self.workbench.drain(getattr(self.workbench, name)))

    async def _pass_on(self, topic: str, measured: Contenders) -> None:
        loop = self.loops[topic]
        records = self.workbench.written[topic] - loop.done
        with timed() as watch:
            await loop.run(records)
        measured[f"loop_{topic}"].add(records, watch)


@asynccontextmanager
async def _opened(folder: Path, kafka: KafkaOptions) -> AsyncIterator[_Bench]:
    """Make the topics and connect to them; the store is a file in the folder."""
    await create_topics(kafka, TOPICS, PARTITIONS)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        log = await KafkaLog.open(kafka, clock=clock, topics=TOPICS)
        stack.push_async_callback(log.close)
        store = await SqliteStore.open(folder / "store.db")
        stack.push_async_callback(store.close)
        loops = {
            topic: await stack.enter_async_context(Loop(kafka, topic, NOOP_OUT, msgspec.json.Decoder(type_)))
            for topic, type_ in LOOPS.items()
        }
        collect_rarely()  # as every part of Leadflow does
        yield _Bench(Workbench(log, store, clock), loops, cast("Log", AtLeastOnceLog(log)))


def figures(measured: Contenders) -> list[Figure]:
    """What the rounds come to."""
    return [
        _against_loop("kafka/R3", measured, topics.TOUCHPOINTS, "processor"),
        _against_loop("kafka/R4", measured, topics.RESOLVED, "scoring"),
        Figure(
            "kafka/transaction",
            share(measured["processor" + WEAKER], measured["processor"], wall=True),
            {
                "by_cpu_time": share(measured["processor" + WEAKER], measured["processor"]),
                "noop_by_wall_time": share(
                    measured["noop_touchpoints" + WEAKER], measured["noop_touchpoints"], wall=True
                ),
                "noop_by_cpu_time": share(measured["noop_touchpoints" + WEAKER], measured["noop_touchpoints"]),
                "transactional_wall_us": measured["processor"].wall_us,
                "at_least_once_wall_us": measured["processor" + WEAKER].wall_us,
            },
        ),
    ]


def _against_loop(name: str, measured: Contenders, topic: str, hop: str) -> Figure:
    loop, noop, contender = measured[f"loop_{topic}"], measured[f"noop_{topic}"], measured[hop]
    return Figure(
        name,
        share(loop, contender),
        {
            "by_wall_time": share(loop, contender, wall=True),
            "against_noop_hop": share(noop, contender),
            "loop_cpu_us": loop.cpu_us,
            "noop_hop_cpu_us": noop.cpu_us,
            f"{hop}_cpu_us": contender.cpu_us,
            f"{hop}_wall_us": contender.wall_us,
            "spread": contender.spread,
        },
    )
