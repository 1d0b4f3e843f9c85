"""What the SQLite log does when the disk, a neighbour or the process itself fails."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from leadflow.adapters import sqlite_writer
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.sqlite_file import WrongFile, connect
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.topics import IDENTITY, REJECTED
from leadflow.ports import Fenced, Overloaded, Unavailable

from .log_contract import drained, emit, joined, texts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "log.db"


@pytest.fixture(params=[0.0, 1.0], ids=["thread", "inline"])
async def log(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[SqliteLog]:
    """An empty log with little patience, flushed on its thread or on the event loop."""
    log = await SqliteLog.open(path, partitions=1, inline_seconds=request.param, max_waiting_bytes=10_000)
    log.writer._busy_seconds = 0.05
    await log.append([emit("first")])  # from here on a flush may run inline
    yield log
    await log.close()


async def kept(log: SqliteLog) -> list[str | None]:
    """The values of `identity`."""
    return texts(await log.read(IDENTITY, 0, 0, 10_000))


async def limit_pages(log: SqliteLog, pages: int) -> None:
    """Let the file hold no more than so many pages: SQLite then reports a full disk."""
    await log.writer.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall(), 0)


async def test_a_full_disk_acknowledges_nothing_and_heals(log: SqliteLog) -> None:
    """Everyone in the transaction hears Unavailable, nothing of it is kept, and space makes the log work again."""
    await limit_pages(log, 1)  # it cannot shrink: no page more than now

    outcomes = await asyncio.gather(
        *(log.append([emit("x" * 2300 + str(number))]) for number in range(4)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 4
    assert "full" in str(outcomes[0])
    assert await kept(log) == ["first"]

    await limit_pages(log, 100_000)
    await log.append([emit("after")])
    assert await kept(log) == ["first", "after"]


async def test_a_commit_on_a_full_disk_leaves_nothing(log: SqliteLog) -> None:
    """Neither the offset nor the records of a commit are kept when the disk is full, and the owner may try again."""
    async with joined(log) as mine:
        await limit_pages(log, 1)
        with pytest.raises(Unavailable):
            await mine[0].commit(1, [emit("out", topic=REJECTED), emit("x" * 9000, topic=REJECTED)])
        assert await log.committed("g", IDENTITY) == [None]
        assert await log.bounds(REJECTED) == [(0, 0)]

        await limit_pages(log, 100_000)
        await mine[0].commit(1, [emit("out", topic=REJECTED)])
        assert await log.committed("g", IDENTITY) == [1]


async def test_a_fault_between_offset_and_records_leaves_nothing(log: SqliteLog) -> None:
    """A commit whose second record fails in the middle of the transaction moves no offset and keeps no first one."""
    number = log.number((REJECTED, 0))
    second = f"BEFORE INSERT ON records_{number} WHEN new.offset = 1"
    fault = f"CREATE TRIGGER fault {second} BEGIN SELECT RAISE(ABORT, 'x'); END"
    await log.writer.run(lambda connection: connection.execute(fault), 0)
    async with joined(log) as mine:
        with pytest.raises(sqlite3.IntegrityError):
            await mine[0].commit(1, [emit("one", topic=REJECTED), emit("two", topic=REJECTED)])
        assert await log.committed("g", IDENTITY) == [None]
    assert await log.bounds(REJECTED) == [(0, 0)]


async def test_a_fault_in_one_topic_leaves_no_gap_in_another(log: SqliteLog) -> None:
    """Offsets that a failing append would have used are given to those who share its transaction."""
    fault = (
        f"CREATE TRIGGER fault BEFORE INSERT ON records_{log.number((REJECTED, 0))} BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    await log.writer.run(lambda connection: connection.execute(fault), 0)
    failed, good = await asyncio.gather(
        log.append([emit("a"), emit("b", topic=REJECTED)]), log.append([emit("c")]), return_exceptions=True
    )
    assert isinstance(failed, sqlite3.IntegrityError)
    assert good is None
    assert await kept(log) == ["first", "c"]
    assert await log.bounds(IDENTITY) == [(0, 2)]


async def test_a_locked_file_is_unavailable_until_it_is_free(log: SqliteLog, path: Path) -> None:
    """While another process holds the lock beyond the patience, appends say so; afterwards they succeed."""
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="another process"):
            await log.append([emit("refused")])
        assert await kept(log) == ["first"]
        other.execute("ROLLBACK")
    await log.append([emit("after")])
    assert await kept(log) == ["first", "after"]


async def test_a_check_writes_as_long_as_the_latest_flush_has_failed(log: SqliteLog, path: Path) -> None:
    """Readiness asks it: silent while all is well, Unavailable until something can be written again."""
    flushes = log.writer.flushes
    await log.writer.check()
    assert log.writer.flushes == flushes
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await log.append([emit("refused")])
        with pytest.raises(Unavailable, match="another process"):
            await log.writer.check()
        other.execute("ROLLBACK")
    await log.writer.check()
    assert log.writer.flushes == flushes + 1
    await log.writer.check()
    assert log.writer.flushes == flushes + 1


async def test_a_short_lock_is_waited_for(log: SqliteLog, path: Path) -> None:
    """A lock that goes away within the patience costs time only."""
    log.writer._busy_seconds = 30.0
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(log.append([emit("patient")]))
        await asyncio.wait([waiting], timeout=0.02)
        assert not waiting.done()
        other.execute("ROLLBACK")
        await asyncio.wait_for(waiting, 5)
    assert await kept(log) == ["first", "patient"]


async def test_an_io_error_is_everyones_and_passes(log: SqliteLog) -> None:
    """A disk error fails all who shared the transaction, and the next one runs on a new connection."""

    def broken(_: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise error

    before = log.writer._connection
    outcomes = await asyncio.gather(log.append([emit("a")]), log.writer.run(broken, 0), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    await log.append([emit("b")])
    assert log.writer._connection is not before
    assert await kept(log) == ["first", "b"]


async def test_a_failing_job_harms_itself_only(log: SqliteLog) -> None:
    """The failing one of the jobs in a transaction leaves nothing; the others are kept, their offsets without a gap."""

    def failing(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM positions")
        connection.execute("UPDATE partitions SET floor = 99")
        raise Fenced("not yours")

    outcomes = await asyncio.gather(
        log.append([emit("a")]), log.writer.run(failing, 0), log.append([emit("b")]), return_exceptions=True
    )
    assert isinstance(outcomes[1], Fenced)
    assert (outcomes[0], outcomes[2]) == (None, None)
    assert await kept(log) == ["first", "a", "b"]
    assert await log.bounds(IDENTITY) == [(0, 3)]


async def test_too_many_waiting_bytes_are_refused_at_once(log: SqliteLog, path: Path) -> None:
    """Beyond the bound an append is Overloaded without waiting; those before it are written when the file is free."""
    log.writer._busy_seconds = 30.0
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [asyncio.create_task(log.append([emit("x" * 3000)])) for _ in range(3)]
        await asyncio.wait(waiting, timeout=0.02)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(log.append([emit("x" * 3000)]), 1)
        other.execute("ROLLBACK")
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert log.writer.waiting_bytes == 0
    await log.append([emit("x" * 20_000)])  # alone, even a large one is welcome
    assert len(await kept(log)) == 5


async def test_concurrent_appends_share_a_commit(log: SqliteLog) -> None:
    """Fifty waiting appends take a few commits, not fifty."""
    before = log.writer.flushes
    await asyncio.gather(*(log.append([emit(str(number))]) for number in range(50)))
    assert log.writer.flushes - before <= 3
    assert len(await kept(log)) == 51


async def test_an_acknowledgement_means_fsync(log: SqliteLog) -> None:
    """The writing connection syncs the write-ahead log in every commit."""

    def modes(connection: sqlite3.Connection) -> list[object]:
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    full = 2
    assert await log.writer.run(modes, 0) == ["wal", full]


async def test_a_waiter_may_give_up(log: SqliteLog) -> None:
    """A cancelled append harms nobody who shares its transaction."""
    gone = asyncio.create_task(log.append([emit("maybe")]))
    stays = asyncio.create_task(log.append([emit("sure")]))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(stays, 5)
    assert "sure" in await kept(log)
    assert log.writer.waiting_bytes == 0


async def test_closing_flushes(log: SqliteLog, path: Path) -> None:
    """What waits when the log closes is written and acknowledged; afterwards it is Unavailable."""
    waiting = [asyncio.create_task(log.append([emit(str(number))])) for number in range(20)]
    await asyncio.sleep(0)
    await log.close()
    await asyncio.gather(*waiting)
    with pytest.raises(Unavailable, match="closed"):
        await log.append([emit("late")])
    with pytest.raises(Unavailable, match="closed"):
        await log.read(IDENTITY, 0, 0, 1)

    again = await SqliteLog.open(path, partitions=1)
    assert len(await kept(again)) == 21
    await again.close()


async def test_the_write_ahead_log_starts_anew(log: SqliteLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints keep the side file small however much is written."""
    monkeypatch.setattr(sqlite_writer, "CHECKPOINT_ROWS", 50)
    for _ in range(60):
        await log.append([emit("x" * 4000) for _ in range(10)])
    assert path.with_name(path.name + "-wal").stat().st_size < 60 * 10 * 4000 / 4


# --- several processes ------------------------------------------------------------------------------------------------


async def test_another_opening_takes_over_and_is_heard(log: SqliteLog, path: Path) -> None:
    """A second process appends with offsets of its own, is seen by waiters, and fences the first as it joins."""
    other = await SqliteLog.open(path, partitions=1)
    try:
        async with joined(log) as mine:
            await drained(mine[0], 1)
            waiting = asyncio.create_task(mine[0].fetch(1, 5.0))
            await asyncio.sleep(0)
            await other.append([emit("from there")])
            assert texts(await asyncio.wait_for(waiting, 4)) == ["from there"]
            await log.append([emit("from here")])
            assert await kept(other) == ["first", "from there", "from here"]

            async with joined(other) as theirs:
                with pytest.raises(Fenced):
                    await mine[0].commit(1, [emit("zombie", topic=REJECTED)])
                with pytest.raises(Fenced):
                    await mine[0].fetch(1, 0.0)
                await theirs[0].commit(2, [])
        assert await log.committed("g", IDENTITY) == [2]
        assert await log.bounds(REJECTED) == [(0, 0)]
    finally:
        await other.close()


CHILD = """
import asyncio, sys
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.ports import Emit

async def main():
    log = await SqliteLog.open(sys.argv[1], partitions=1, inline_seconds=float(sys.argv[2]))
    async def writer(name):
        number = 0
        while True:
            await log.append([Emit(topic="identity", key=name, value=f"{name}{number}".encode())])
            print(f"{name}{number}", flush=True)
            number += 1
    await asyncio.gather(*(writer(name) for name in "abcdefgh"))

asyncio.run(main())
"""


@pytest.mark.parametrize("inline_seconds", ["0", "1"])
async def test_a_killed_process_loses_nothing_acknowledged(path: Path, inline_seconds: str) -> None:
    """Whatever the child saw acknowledged before SIGKILL is in the file, each writer's records in order."""

    def run_and_kill() -> list[str]:
        with subprocess.Popen(  # noqa: S603  # our own interpreter and script
            [sys.executable, "-c", CHILD, str(path), inline_seconds], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            acknowledged = [child.stdout.readline().strip() for _ in range(500)]
            child.kill()
            return acknowledged + child.stdout.read().split("\n")[:-1]

    acknowledged = await asyncio.to_thread(run_and_kill)

    log = await SqliteLog.open(path, partitions=1)
    records = await kept(log)
    await log.append([emit("after")])
    await log.close()
    assert set(acknowledged) <= set(records)
    assert len(records) == len(set(records))
    for name in "abcdefgh":
        mine = [text for text in records if text and text[0] == name]
        assert mine == [f"{name}{number}" for number in range(len(mine))]


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_partition_count_is_for_life(log: SqliteLog, path: Path) -> None:
    """Another count for topics that are there is refused with what to do."""
    with pytest.raises(WrongFile, match="1 partitions for life, not 4"):
        await SqliteLog.open(path, partitions=4)
    await log.append([emit("unharmed")])


async def test_a_store_is_no_log(tmp_path: Path) -> None:
    """Log and store need a file each; the message says so."""
    store = await SqliteStore.open(tmp_path / "one.db")
    with pytest.raises(WrongFile, match="file of its own"):
        await SqliteLog.open(tmp_path / "one.db")
    await store.close()


@pytest.fixture
def text_file(path: Path) -> Path:
    """A file that is no database."""
    path.write_bytes(b"this is not a database at all, but some text" * 50)
    return path


async def test_something_else_is_no_log(text_file: Path) -> None:
    """A file that is no database is left alone."""
    with pytest.raises(Unavailable, match="no SQLite database"):
        await SqliteLog.open(text_file)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A path that cannot be opened says so."""
    with pytest.raises(Unavailable, match="folder"):
        await SqliteLog.open(tmp_path / "nowhere" / "log.db")
