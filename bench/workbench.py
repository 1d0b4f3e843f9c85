"""The hops of the pipeline over log and store, driven until nothing is left to read, and the no-op loop beside them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from bench.measure import Watch, timed
from leadflow import metrics
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.contracts import topics
from leadflow.contracts.resolved import ResolvedRecord
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import shipped_model
from leadflow.pipeline.hop import Hop, Step, Surroundings, run_hop
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.events import Taken, shared_by, take_event
from leadflow.pipeline.ingest.payload import Payload
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.ports import Clock, Emit, Log, Record, Store
from leadflow.runtime.garbage import collect_rarely
from leadflow_processor.service import hops as processor_hops
from leadflow_scoring.service import hops as scoring_hops

NOOP_OUT = "bench-out"
HASHER = Hasher(b"the hash secret of a benchmark")
RULES = IdentityRules()
MODEL = shipped_model("b2b")
SOURCE = SourceConfig("bench")
PARTITIONS = 4  # as shipped

_CHUNK = 2_000
_SETTLED_SECONDS = 0.005
_encode = msgspec.json.Encoder().encode


class Noop:
    """The least that a hop does: decode, encode, append, commit."""

    def __init__(self, decoder: "msgspec.json.Decoder[Touchpoint] | msgspec.json.Decoder[ResolvedRecord]") -> None:
        self._decode = decoder.decode

    async def step(self, records: Sequence[Record]) -> Step:
        """Pass a batch on."""
        emits = [
            Emit(topic=NOOP_OUT, key=record.key, value=_encode(self._decode(record.value or b""))) for record in records
        ]
        return Step(records[-1].offset + 1, emits)


class Workbench:
    """A pipeline whose hops run one at a time, so that each is measured alone. `written`: records by topic, so far."""

    def __init__(self, log: Log, store: Store, clock: Clock) -> None:
        self.log = log
        self.store = store
        self._clock = clock
        self.written: Counter[str] = Counter()
        self._done: Counter[tuple[str, str]] = Counter()  # records by group and topic
        around = self._around(log)
        processor, resolver, _ = processor_hops(around, HASHER, RULES)
        (scoring,) = scoring_hops(around, MODEL)
        self.processor, self.resolver, self.scoring = processor, resolver, scoring
        self.noop_touchpoints = self._noop(topics.TOUCHPOINTS, msgspec.json.Decoder(Touchpoint), processor.max_records)
        self.noop_resolved = self._noop(topics.RESOLVED, msgspec.json.Decoder(ResolvedRecord), scoring.max_records)

    @staticmethod
    def _noop(
        topic: str,
        decoder: "msgspec.json.Decoder[Touchpoint] | msgspec.json.Decoder[ResolvedRecord]",
        max_records: int,
    ) -> Hop:
        return Hop("noop", topic, Noop(decoder).step, metrics.REJECTIONS, max_records=max_records)

    def _around(self, log: Log) -> Surroundings:
        return Surroundings(log, self.store, self._clock, asyncio.Event())

    async def send(self, events: Iterable[bytes], trace: Callable[[], str] = lambda: "") -> int:
        """Put events into `touchpoints` as the observer would, each with what `trace` gives for it; how many."""
        emits = [msgspec.structs.replace(taken(raw, self._clock.now()), trace=trace()) for raw in events]
        for start in range(0, len(emits), _CHUNK):
            await self.log.append(emits[start : start + _CHUNK])
        self.written[topics.TOUCHPOINTS] += len(emits)
        return len(emits)

    async def drain(self, hop: Hop, log: Log | None = None) -> tuple[int, Watch]:
        """Run a hop, on another log if one is given, until it has committed everything; how many records, at what cost.

        Everything: what was sent, and what other hops have written to its topic here. Joining its group is part of it.
        """
        around = self._around(log or self.log)
        place = (hop.group, hop.topic)
        records = self.written[hop.topic] - self._done[place]
        reached: dict[int, int] = {}

        async def counted(batch: Sequence[Record]) -> Step:
            step = await hop.step(batch)
            self._done[place] += len(batch)
            self.written.update(emit.topic for emit in step.emits)
            reached[batch[0].partition] = step.next_offset
            return step

        with timed() as watch:
            running = asyncio.create_task(run_hop(replace(hop, step=counted), around))
            # The offset in the log is no event of ours.
            while not running.done() and not await self._through(hop, reached):  # noqa: ASYNC110
                await asyncio.sleep(_SETTLED_SECONDS)
        around.stop.set()
        await running
        return records, watch

    async def _through(self, hop: Hop, reached: Mapping[int, int]) -> bool:
        """Whether a hop has read all that was written, and its offsets are where its steps have ended."""
        if self._done[hop.group, hop.topic] < self.written[hop.topic]:
            return False
        committed = await self.log.committed(hop.group, hop.topic)
        return all((committed[partition] or 0) >= offset for partition, offset in reached.items())


def taken(raw: bytes, now: int) -> Emit:
    """Turn an event into its record, by the observer's own code. ValueError if the observer would refuse it."""
    delivery = Delivery(source=SOURCE, received_at=now, channel="web")
    outcome = take_event(raw, shared_by(_ALONE, None, delivery, limits=_LIMITS, hasher=HASHER))
    if not isinstance(outcome, Taken):
        raise ValueError(f"the observer refuses an event of the benchmark: {outcome.message}")  # noqa: TRY004
    return outcome.emit


_ALONE = Payload(events=(), batch=False, write_key=None)
_LIMITS = ObserverSettings(write_keys={})


@asynccontextmanager
async def workbench(folder: Path, store: Store | None = None, *, traces: bool = False) -> AsyncIterator[Workbench]:
    """Open log and store in a folder, with a further topic for the no-op loop; or the log alone beside a store."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        log = await SqliteLog.open(
            folder / "log.db",
            partitions=PARTITIONS,
            clock=clock,
            topics=(*topics.TOPICS, topics.Topic(name=NOOP_OUT)),
            traces=traces,
        )
        stack.push_async_callback(log.close)
        if store is None:
            store = sqlite = await SqliteStore.open(folder / "store.db")
            stack.push_async_callback(sqlite.close)
        collect_rarely()  # as every part of Leadflow does
        yield Workbench(log, store, clock)
