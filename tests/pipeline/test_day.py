"""Days of traffic in seconds, over the files that a server has: only what is to be kept may grow."""

import asyncio
import functools
import gc
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
import pytest
from pipeline.in_memory import MODEL, FixedClock

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.topics import IDENTITY, LEAD_SCORES, RESOLVED, TOPICS, TOUCHPOINTS
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.time import HOUR
from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.hop import Surroundings, run_hop
from leadflow.pipeline.ingest.parcel import Call, Caller, Parcel
from leadflow.pipeline.ingest.pipe import Ingest
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.pipeline.ingest.write_key import KeyPlaces
from leadflow.pipeline.lag import measure_lag
from leadflow.pipeline.processor import knowledge
from leadflow.pipeline.scoring import scorer
from leadflow.pipeline.scoring.owned import OwnedLeads
from leadflow_processor.service import hops as processor_hops
from leadflow_scoring.service import hops as scoring_hops

KEY = "k"
WATCHES = 24  # four hours each: four days, of which the log keeps one
WATCH = 4 * HOUR
A_DAY = 6  # watches
BATCHES, BATCH = 16, 25  # of each watch
BYTES_OF_A_LEAD = 4_000
REGULARS = 200  # people who come every day; as many others come once
RATHER = 60.0  # seconds that a busy machine may take for a watch

ROOM_MB = 24  # of memory: pages of growing files and normal forms are still being remembered
WAL_MB = 128
PARTITIONS = 2
_BY_AGE = (TOUCHPOINTS, IDENTITY, RESOLVED)
CARELESS = (
    4  # descriptors, threads, tasks that may be there at one moment and not at another, or come when first needed
)


@dataclass(frozen=True)
class Look:
    """How the process stood at the end of a watch."""

    rss_mb: float
    objects: int
    descriptors: int
    threads: int
    tasks: int
    wal_mb: float
    records: int
    scores: int


@dataclass
class Day:
    """A pipeline at work."""

    log: SqliteLog
    folder: Path
    clock: FixedClock
    ingest: Ingest
    backlog: Backlog

    async def watch(self, number: int) -> Look:
        """Take a watch's events in, work them off, forget what is old, look."""
        self.clock.instant += WATCH
        for batch in range(BATCHES):
            assert await self.ingest.accept(parcel(number, batch)) is None
        async with asyncio.timeout(RATHER):
            await self._rest()
        await self.log.trim(self.clock.now())
        return await self._look()

    async def _rest(self) -> None:
        """Wait until two measurements of the lag have found nothing."""
        for _ in range(2):
            self.backlog.records = 1
            while self.backlog.records:  # noqa: ASYNC110  the lag is measured beside this
                await asyncio.sleep(0.01)

    async def _look(self) -> Look:
        kept = [end - begin for topic in _BY_AGE for begin, end in await self.log.bounds(topic)]
        scores = [await self.log.read(LEAD_SCORES, partition, 0, 100_000) for partition in range(PARTITIONS)]
        return Look(
            **vitals(self.folder), tasks=len(asyncio.all_tasks()), records=sum(kept), scores=sum(map(len, scores))
        )


def vitals(folder: Path) -> dict[str, Any]:
    """Look at this process and its files from outside."""
    for memory in (each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)):
        if (getattr(memory, "__module__", None) or "").startswith("leadflow"):
            memory.cache_clear()  # bounded by its size, which a day in seconds does not reach
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return {
        "objects": len(gc.get_objects()),
        "rss_mb": int(status.partition("VmRSS:")[2].split()[0]) / 1024,
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": threading.active_count(),
        "wal_mb": sum(path.stat().st_size for path in folder.glob("*-wal")) / 1024 / 1024,
    }


def parcel(watch: int, batch: int) -> Parcel:
    """A batch of what people do: mostly pages; some tell who they are, and some ask for a demo."""
    body = json.dumps({"batch": list(events(watch, batch))}).encode()
    return Parcel(body, Call(batch=True), Caller(keys=KeyPlaces(basic=KEY)))


def events(watch: int, batch: int) -> Iterator[dict[str, object]]:
    """The events of a batch; every second one is of somebody who comes once."""
    for n in range(BATCH):
        number = watch * BATCHES * BATCH + batch * BATCH + n
        person = number % REGULARS if n % 2 else REGULARS + number
        base = {"messageId": f"m{number}", "anonymousId": f"device-{person}"}
        contact = {"email": f"person-{person}@mail.example"}
        match n % 10:
            case 0:
                yield {**base, "type": "identify", "userId": f"user-{person}", "traits": contact}
            case 1:
                yield {**base, "type": "track", "event": "Demo Requested", "properties": contact}
            case _:
                yield {**base, "type": "page", "properties": {"path": f"/blog/{n}"}}


@pytest.fixture
async def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Day]:
    """All hops over SQLite under a clock that is moved by hand; the log keeps what is younger than a day."""
    # Memories as small as the traffic: they are full at once.
    monkeypatch.setattr(knowledge, "_REMEMBERED", REGULARS)
    monkeypatch.setattr(scorer, "OwnedLeads", functools.partial(OwnedLeads, most_bytes=REGULARS * BYTES_OF_A_LEAD))
    clock, hasher = FixedClock(), Hasher(b"a secret of the tests")
    topics = [msgspec.structs.replace(topic, retention_days=1) if topic.retention_days else topic for topic in TOPICS]
    async with AsyncExitStack() as stack:
        log = await SqliteLog.open(tmp_path / "log.db", partitions=PARTITIONS, clock=clock, topics=topics)
        stack.push_async_callback(log.close)
        store = await SqliteStore.open(tmp_path / "store.db")
        stack.push_async_callback(store.close)
        around, backlog = Surroundings(log, store, clock, asyncio.Event()), Backlog()
        hops = (*processor_hops(around, hasher, IdentityRules()), *scoring_hops(around, MODEL))
        async with asyncio.TaskGroup() as tasks:
            for hop in hops:
                tasks.create_task(run_hop(hop, around))
            tasks.create_task(measure_lag(hops, around, backlog, every=0.02))
            settings = ObserverSettings(write_keys={KEY: SourceConfig("web")})
            yield Day(log, tmp_path, clock, Ingest(log, settings, clock, hasher), backlog)
            around.stop.set()


async def test_days_of_traffic_leave_nothing_behind(day: Day) -> None:
    """Memory, descriptors, threads, tasks, write-ahead logs and kept records: the last day is as the one before."""
    looks = [await day.watch(number) for number in range(WATCHES)]
    before, last = looks[-2 * A_DAY : -A_DAY], looks[-A_DAY:]
    assert max(look.rss_mb for look in last) < max(look.rss_mb for look in before) + ROOM_MB
    growth = fmean(look.objects for look in last) - fmean(look.objects for look in before)
    assert growth < A_DAY * BATCHES * BATCH // 10  # by far less than one an event
    assert max(look.wal_mb for look in looks) < WAL_MB
    assert max(look.descriptors for look in last) <= looks[1].descriptors + CARELESS
    assert max(look.threads for look in last) <= looks[1].threads + CARELESS
    assert max(look.tasks for look in last) <= looks[1].tasks + CARELESS
    assert max(look.records for look in last) < 1.2 * max(look.records for look in before)
    # Each event lies in the log once before and once after it was resolved, some as evidence in between.
    assert max(look.records for look in last) < 2.5 * (A_DAY + 1) * BATCHES * BATCH
    people = {
        event["anonymousId"] for watch in range(WATCHES) for batch in range(BATCHES) for event in events(watch, batch)
    }
    assert looks[-1].scores <= len(people)  # the latest of each, however often they came
