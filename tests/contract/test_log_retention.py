"""How a log forgets: by age, by key, never an offset."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from leadflow.adapters import log_sqlite_trim
from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.contracts.topics import LEAD_SCORES, REJECTED, STAGE_CHANGES
from leadflow.core.time import DAY, HOUR
from leadflow.ports import Emit

from .log_contract import emit, texts

START = 1_700_000_000_000


class Hand:
    """A clock whose hand the test moves."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> int:
        """Where the hand stands."""
        return self.instant


@pytest.fixture
def clock() -> Hand:
    """A clock at START."""
    return Hand()


@pytest.fixture(params=["memory", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path, clock: Hand) -> AsyncIterator[MemoryLog | SqliteLog]:
    """An empty log with one partition per topic."""
    if request.param == "memory":
        yield MemoryLog(1, clock)
    else:
        log = await SqliteLog.open(tmp_path / "log.db", partitions=1, clock=clock)
        yield log
        await log.close()


async def test_records_bear_the_time_of_their_append(log: MemoryLog | SqliteLog, clock: Hand) -> None:
    """The timestamp is the log's own clock, in milliseconds."""
    await log.append([emit("a", topic=REJECTED)])
    clock.instant += 5
    await log.append([emit("b", topic=REJECTED)])
    assert [record.timestamp for record in await log.read(REJECTED, 0, 0, 9)] == [START, START + 5]


async def test_old_records_go(log: MemoryLog | SqliteLog, clock: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is older than the topic's days is dropped, in as many steps as it takes; the rest keeps its offsets."""
    monkeypatch.setattr(log_sqlite_trim, "STEP", 3)
    await log.append([emit(f"old{number}", topic=REJECTED) for number in range(8)])
    await log.append([emit("kept longer", topic=STAGE_CHANGES)])
    clock.instant += 7 * DAY
    await log.append([emit("young", topic=REJECTED)])
    clock.instant += HOUR

    assert await log.trim(clock.now()) == 8

    assert [(record.offset, record.value) for record in await log.read(REJECTED, 0, 0, 9)] == [(8, b"young")]
    assert await log.bounds(REJECTED) == [(8, 9)]
    assert await log.bounds(STAGE_CHANGES) == [(0, 1)]
    assert await log.trim(clock.now()) == 0


async def test_an_emptied_topic_goes_on_counting(log: MemoryLog | SqliteLog, clock: Hand) -> None:
    """Retention may take everything; the next record still gets the next offset."""
    await log.append([emit("a", topic=REJECTED), emit("b", topic=REJECTED)])
    await log.trim(clock.now() + 8 * DAY)

    assert await log.bounds(REJECTED) == [(2, 2)]
    await log.append([emit("c", topic=REJECTED)])
    assert [record.offset for record in await log.read(REJECTED, 0, 0, 9)] == [2]


async def test_compaction_keeps_the_latest_of_each_key(log: MemoryLog | SqliteLog, clock: Hand) -> None:
    """A compacted topic forgets superseded records at once and tombstones after a day, and never its offsets."""
    await log.append([emit(name[1], topic=LEAD_SCORES, key=name[0]) for name in ("a1", "b1", "a2", "c1")])
    await log.append([emit(None, topic=LEAD_SCORES, key="c")])

    assert await log.trim(clock.now()) == 2
    assert texts(await log.read(LEAD_SCORES, 0, 0, 9)) == ["1", "2", None]

    assert await log.trim(clock.now() + 100 * DAY) == 1
    records = await log.read(LEAD_SCORES, 0, 0, 9)
    assert [(record.key, record.offset) for record in records] == [("b", 1), ("a", 2)]
    assert await log.bounds(LEAD_SCORES) == [(0, 5)]


async def test_a_trace_goes_with_its_record(tmp_path: Path, clock: Hand) -> None:
    """By age and by key: nothing stays of what is forgotten."""
    log = await SqliteLog.open(tmp_path / "log.db", partitions=1, clock=clock, traces=True)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    old = [Emit(topic=topic, key="k", value=b"old", trace=trace) for topic in (REJECTED, LEAD_SCORES)]
    await log.append(old)
    clock.instant += 8 * DAY
    await log.append([msgspec.structs.replace(emit, value=b"young") for emit in old])

    assert await log.trim(clock.now()) == 2

    assert log.reader.small(lambda connection: connection.execute("SELECT offset FROM traces").fetchall()) == [
        (1,),
        (1,),
    ]
    for topic in (REJECTED, LEAD_SCORES):
        assert [(record.value, record.trace) for record in await log.read(topic, 0, 0, 9)] == [(b"young", trace)]
    await log.close()
