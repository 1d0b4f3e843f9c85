"""The log on SQLite keeps the contract of the port."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from leadflow.adapters import sqlite_file
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.contracts.topics import IDENTITY
from leadflow.ports import Emit

from .log_contract import PARTITIONS, DurableLogContract, Forget, LogContract


@pytest.fixture(params=[0.0, 1.0], ids=["thread", "inline"])
def inline_seconds(request: pytest.FixtureRequest) -> float:
    """Flush always on the writer's thread, or on the event loop where possible."""
    return float(request.param)


class TestSqliteLog(LogContract, DurableLogContract):
    """SqliteLog."""

    @pytest.fixture
    async def log(self, tmp_path: Path, inline_seconds: float) -> AsyncIterator[SqliteLog]:
        """An empty log."""
        log = await SqliteLog.open(
            tmp_path / "log.db", partitions=PARTITIONS, inline_seconds=inline_seconds, traces=True
        )
        yield log
        await log.close()

    @pytest.fixture
    def forget(self) -> Forget:
        """Retention, at will."""
        return SqliteLog.forget

    @pytest.fixture
    async def reopen(self, log: SqliteLog, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[SqliteLog]]]:
        """Close the log and open it again."""
        opened = []

        async def again() -> SqliteLog:
            await log.close()
            opened.append(await SqliteLog.open(tmp_path / "log.db", partitions=PARTITIONS))
            return opened[-1]

        yield again
        for one in opened:
            await one.close()


async def test_without_tracing_no_trace_is_kept_nor_looked_for(tmp_path: Path) -> None:
    """Opened without traces, a log neither writes them nor gives out those that are there."""
    path, trace = tmp_path / "log.db", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for traces in (False, True):
        log = await SqliteLog.open(path, partitions=1, traces=traces)
        await log.append([Emit(topic=IDENTITY, key="k", value=b"v", trace=trace)])
        await log.close()
    for traces, seen in ((False, ["", ""]), (True, ["", trace])):
        log = await SqliteLog.open(path, partitions=1, traces=traces)
        assert [record.trace for record in await log.read(IDENTITY, 0, 0, 9)] == seen
        await log.close()


async def test_a_log_of_smaller_pages_is_written_on(tmp_path: Path) -> None:
    """A new log has the large pages that suit it; one that was made with others keeps them, and its records."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    sqlite_file.connect(old, page_bytes=1024).close()  # in which nothing stands yet
    for path, expected in ((old, 1024), (new, 8192)):
        for _ in range(2):
            log = await SqliteLog.open(path, partitions=1)
            await log.append([Emit(topic=IDENTITY, key="k", value=b"v" * 5_000)])
            pages = log.reader.small(lambda connection: connection.execute("PRAGMA page_size").fetchone()[0])
            await log.close()
            assert pages == expected
        log = await SqliteLog.open(path, partitions=1)
        assert [record.value for record in await log.read(IDENTITY, 0, 0, 9)] == [b"v" * 5_000] * 2
        await log.close()


def test_bytes_and_nothing_are_bound_as_they_are(tmp_path: Path) -> None:
    """The driver need not look for what would adapt them, as it does for each value of every other type."""
    value = b"\0\xff"
    with closing(sqlite_file.connect(tmp_path / "any.db")) as connection:
        assert sqlite3.adapt(value) is value
        assert connection.execute("SELECT ?, typeof(?1), ?2, typeof(?2)", (value, None)).fetchone() == (
            value, "blob", None, "null",
        )  # fmt: skip
