"""The writer lets rows wait a moment for company, and never more than that."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from leadflow.adapters.sqlite_writer import SqliteWriter

LONG, SHORT = 30.0, 0.001  # seconds


@pytest.fixture(params=[0.0, 1.0], ids=["thread", "inline"])
async def writer(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SqliteWriter]:
    """A writer that waits long for company, after a flush that has answered three."""
    writer = SqliteWriter(tmp_path / "rows.db", name="log", inline_seconds=request.param, gather_seconds=LONG)
    await writer.run(lambda connection: connection.execute("CREATE TABLE rows (value)"), 0)
    await asyncio.gather(*(write(writer, value) for value in range(3)))
    yield writer
    await writer.close()


def insert(connection: sqlite3.Connection, rows: Sequence[Any]) -> None:
    """Write rows."""
    connection.executemany("INSERT INTO rows VALUES (?)", [(row,) for row in rows])


async def write(writer: SqliteWriter, value: int) -> None:
    """Write one row."""
    await writer.insert(insert, [value], 1)


async def test_those_who_were_answered_together_are_waited_for(writer: SqliteWriter) -> None:
    """Three who come back one after the other share one commit, however far apart they are within the time."""
    before = writer.flushes
    first = asyncio.ensure_future(write(writer, 3))
    second = asyncio.ensure_future(write(writer, 4))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not first.done()
    assert not second.done()
    async with asyncio.timeout(LONG / 3):
        await asyncio.gather(first, second, write(writer, 5))
    assert writer.flushes == before + 1


async def test_a_commit_keeps_nobody_waiting(writer: SqliteWriter) -> None:
    """What is run does not wait for company, and takes those along who do."""
    lone = asyncio.ensure_future(write(writer, 3))
    for _ in range(20):
        await asyncio.sleep(0)
    async with asyncio.timeout(LONG / 3):
        await writer.run(lambda _: None, 0)
        await lone


async def test_closing_keeps_nobody_waiting(writer: SqliteWriter) -> None:
    """A writer that is closed writes what waits for company at once."""
    lone = asyncio.ensure_future(write(writer, 3))
    for _ in range(20):
        await asyncio.sleep(0)
    async with asyncio.timeout(LONG / 3):
        await writer.close()
        await lone


async def test_who_does_not_come_back_is_not_waited_for_twice(tmp_path: Path) -> None:
    """The time ends the wait for the two who have gone; after that the one who stayed is alone and never waits."""
    writer = SqliteWriter(tmp_path / "rows.db", name="log", gather_seconds=SHORT)
    await writer.run(lambda connection: connection.execute("CREATE TABLE rows (value)"), 0)
    await asyncio.gather(*(write(writer, value) for value in range(3)))
    async with asyncio.timeout(LONG / 3):
        await write(writer, 3)
        writer._company._seconds = LONG  # from here on a wait would show
        await write(writer, 4)
    await writer.close()
