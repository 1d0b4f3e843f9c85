"""An append that nobody awaits: whoever is told hears what `append` would have said, once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.contracts.topics import IDENTITY
from leadflow.ports import Enlisting, Overloaded, Told, Unavailable

from .log_contract import emit, texts


@pytest.fixture(params=[0.0, 1.0], ids=["thread", "inline"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteLog]:
    """An empty log, flushed on its thread or on the event loop."""
    log = await SqliteLog.open(
        tmp_path / "log.db", partitions=1, inline_seconds=request.param, max_waiting_bytes=10_000
    )
    assert isinstance(log, Enlisting)
    yield log
    await log.close()


class Ears:
    """Those who are told."""

    def __init__(self, number: int) -> None:
        self.heard: list[tuple[int, Exception | None]] = []
        self.all = asyncio.Event()
        self._number = number

    def of(self, number: int) -> Told:
        """One of them."""

        def told(error: Exception | None) -> None:
            self.heard.append((number, error))
            if len(self.heard) == self._number:
                self.all.set()

        return told


async def test_whoever_is_told_finds_it_in_the_log(log: SqliteLog) -> None:
    """All who share a transaction hear of it, in their order, and not before it is durable; readers wake."""
    ears = Ears(3)
    reader = asyncio.create_task(log.wait(IDENTITY, [0], 30))
    await asyncio.sleep(0)
    for number in range(3):
        log.enlist([emit(str(number))], ears.of(number))
    assert ears.heard == []
    await asyncio.wait_for(ears.all.wait(), 10)
    assert ears.heard == [(0, None), (1, None), (2, None)]
    assert texts(await log.read(IDENTITY, 0, 0, 9)) == ["0", "1", "2"]
    await asyncio.wait_for(reader, 10)


async def test_who_cannot_be_told_keeps_nobody_waiting(log: SqliteLog) -> None:
    """A mistake of one is reported, and the others and those after them are written and told."""
    mistakes: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: mistakes.append(context["exception"]))

    def broken(_error: Exception | None) -> None:
        raise ValueError("a mistake")

    ears = Ears(1)
    log.enlist([emit("a")], broken)
    log.enlist([emit("b")], ears.of(1))
    await asyncio.wait_for(ears.all.wait(), 10)
    assert [str(mistake) for mistake in mistakes] == ["a mistake"]
    await log.append([emit("c")])
    assert log.writer.waiting_bytes == 0
    assert texts(await log.read(IDENTITY, 0, 0, 9)) == ["a", "b", "c"]


async def test_a_full_disk_is_told_to_all(log: SqliteLog) -> None:
    """Nothing of it is kept."""
    await log.writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchall(), 0)
    ears = Ears(4)
    for number in range(4):
        log.enlist([emit("x" * 2300 + str(number))], ears.of(number))
    await asyncio.wait_for(ears.all.wait(), 10)
    assert [type(error) for _, error in ears.heard] == [Unavailable] * 4
    assert texts(await log.read(IDENTITY, 0, 0, 9)) == []


async def test_what_is_known_at_once_is_raised(log: SqliteLog) -> None:
    """Too much waits, or the log is closed: nobody is told later."""
    ears = Ears(1)
    log.enlist([emit("x" * 9_000)], ears.of(0))
    with pytest.raises(Overloaded):
        log.enlist([emit("x" * 9_000)], ears.of(1))
    await asyncio.wait_for(ears.all.wait(), 10)
    await log.close()
    with pytest.raises(Unavailable):
        log.enlist([emit("late")], ears.of(2))
    assert ears.heard == [(0, None)]
