"""The log on SQLite keeps the contract of the port."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from leadflow.adapters.log_sqlite import SqliteLog

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
        log = await SqliteLog.open(tmp_path / "log.db", partitions=PARTITIONS, inline_seconds=inline_seconds)
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
