"""The log in one SQLite file: an acknowledged append is on the disk, and a commit is one transaction."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from leadflow import metrics
from leadflow.adapters import log_sqlite_tables as tables
from leadflow.adapters import log_sqlite_traces as traced
from leadflow.adapters import log_sqlite_trim as trimming
from leadflow.adapters.bell import Bell
from leadflow.adapters.log_sqlite_assignment import SqliteAssignment
from leadflow.adapters.sqlite_reader import SqliteReader
from leadflow.adapters.sqlite_writer import INLINE_SECONDS, SqliteWriter
from leadflow.adapters.system_clock import SystemClock
from leadflow.adapters.topic_layout import Place, TopicLayout
from leadflow.contracts.topics import TOPICS, Topic
from leadflow.core.time import DAY
from leadflow.ports import Clock, Emit, Record, Told

T = TypeVar("T")

POLL_SECONDS = 0.2  # what other processes append is seen after this
SMALL_READ = 512  # records; more are read on a thread
ROW_BYTES = 64
PAGE_BYTES = 8192  # records go to the right edge only: fewer, larger pages are written, and none of them half full


class SqliteLog:
    """`ports.Log`. Several processes may share the file; the one that joined a group last owns its partitions."""

    def __init__(
        self,
        layout: TopicLayout,
        clock: Clock,
        writer: SqliteWriter,
        reader: SqliteReader,
        heads: tables.Heads,
        *,
        traces: bool = False,
    ) -> None:
        """Use `open`."""
        self._layout = layout
        self._clock = clock
        self._numbers: Mapping[Place, int] = {}
        # One object: what the writer tells equal jobs by.
        self._insert = partial(_append_traced if traces else _append, heads)
        self.read_records = traced.read if traces else tables.read
        self.writer = writer
        self.reader = reader
        self.bell = Bell()

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        partitions: int = 4,
        clock: Clock | None = None,
        topics: Iterable[Topic] = TOPICS,
        max_waiting_bytes: int = 64 * 1024 * 1024,
        inline_seconds: float = INLINE_SECONDS,
        traces: bool = False,
    ) -> "SqliteLog":
        """Open or create the log. `partitions` is the count of topics that fix none; it never changes afterwards.

        Raises WrongFile if the file is no log, of another version or has other partition counts; Unavailable if it
        cannot be opened. `max_waiting_bytes` bounds what appends may have waiting. `inline_seconds`: see SqliteWriter.
        `traces`: records keep the trace that they belong to.
        """
        file = Path(path)
        layout = TopicLayout(partitions, topics)
        heads = tables.Heads()
        writer = SqliteWriter(
            file,
            name="log",
            max_waiting_bytes=max_waiting_bytes,
            inline_seconds=inline_seconds,
            page_bytes=PAGE_BYTES,
            on_begin=heads.forget,
        )
        try:
            numbers = await writer.run(lambda connection: tables.create(connection, file, layout), 0)
            log = cls(layout, clock or SystemClock(), writer, SqliteReader(file), heads, traces=traces)
        except BaseException:
            await writer.close()
            raise
        log._numbers = numbers
        return log

    async def close(self) -> None:
        """Flush what waits, wake everyone, release the file."""
        await self.writer.close()
        await self.reader.close()
        self.bell.ring_all()

    def partitions(self, topic: str) -> int:
        """See `ports.Log`; ValueError for an unknown topic, as everywhere here."""
        return self._layout.partitions(topic)

    def partition_for(self, topic: str, key: str) -> int:
        """See `ports.Log`."""
        return self._layout.partition_for(topic, key)

    def number(self, place: Place) -> int:
        """The number of a partition in the file; ValueError if there is none such."""
        return self._numbers[self._layout.check(*place)]

    async def append(self, emits: Sequence[Emit]) -> None:
        """See `ports.Log`. All records or none."""
        parts, size = self._parts(emits)
        await self.writer.insert(self._insert, list(parts.values()), size, bounded=True)
        self._ring(parts)

    def enlist(self, emits: Sequence[Emit], told: Told) -> None:
        """See `ports.Enlisting`."""
        parts, size = self._parts(emits)
        self.writer.enlist(self._insert, list(parts.values()), size, partial(self._tell, parts, told), bounded=True)

    def _tell(self, places: Iterable[Place], told: Told, error: Exception | None) -> None:
        """Tell readers and the sender."""
        if error is None:
            self._ring(places)
        told(error)

    async def commit(self, emits: Sequence[Emit], move: Callable[[sqlite3.Connection], None]) -> None:
        """Do `move` and append records, in one durable step."""
        parts, size = self._parts(emits)
        rows = list(parts.values())

        def job(connection: sqlite3.Connection) -> None:
            move(connection)
            self._insert(connection, rows)

        await self.writer.run(job, size)
        self._ring(parts)

    def _parts(self, emits: Sequence[Emit]) -> tuple[dict[Place, tables.Part], int]:
        """The records by partition, and their bytes. UnicodeEncodeError, for its sender alone: a broken key."""
        at, place_of, numbers = self._clock.now(), self._layout.place, self._numbers
        parts: dict[Place, tables.Part] = {}
        size = 0
        for emit in emits:
            place, key, value = place_of(emit), emit.key, emit.value
            part = parts.get(place)
            if part is None:
                part = parts[place] = tables.Part(numbers[place])
            if emit.trace:
                part.traces.append((len(part), emit.trace))
            part.values += (key, value, at)
            size += (len(key) if key.isascii() else len(key.encode())) + len(value or b"") + ROW_BYTES
        return parts, size

    def _ring(self, places: Iterable[Place]) -> None:
        """Wake those who wait for these partitions or their topics."""
        if self.bell.silent:  # under load everyone is at work
            return
        for place in places:
            self.bell.ring(place)
        for topic in {topic for topic, _ in places}:
            self.bell.ring(topic)

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[SqliteAssignment]]:
        """See `ports.Log`. The joining consumer takes every partition; the iterator ends after the last one.

        A group without a committed offset starts at 0.
        """
        places = self._places(topic)
        numbers = [self.number(place) for place in places]
        owned = await self.writer.run(lambda connection: tables.take_over(connection, group, numbers), 0)
        assignments = [
            SqliteAssignment(self, group, place, epoch, committed or 0)
            for place, (epoch, committed) in zip(places, owned, strict=True)
        ]
        for place in places:
            self.bell.ring(place)  # the last owner may be waiting for records
        try:
            yield _each(assignments)
        finally:
            for assignment in assignments:
                assignment.close()

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Record]:
        """See `ports.Log`."""
        place = (topic, partition)
        number = self.number(place)
        return await self.look(lambda connection: self.read_records(connection, place, number, offset, limit), limit)

    async def bounds(self, topic: str) -> Sequence[tuple[int, int]]:
        """See `ports.Log`."""
        numbers = [self.number(place) for place in self._places(topic)]
        return self.reader.small(lambda connection: [tables.bounds(connection, number) for number in numbers])

    async def committed(self, group: str, topic: str) -> Sequence[int | None]:
        """See `ports.Log`."""
        numbers = [self.number(place) for place in self._places(topic)]
        return self.reader.small(lambda connection: [tables.committed(connection, group, number) for number in numbers])

    async def wait(self, topic: str, ends: Sequence[int], seconds: float) -> None:
        """See `ports.Log`."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            bounds = await self.bounds(topic)
            if any(end > seen for (_, end), seen in zip(bounds, ends, strict=False)):
                return
            await self.listen(topic, remaining)

    async def forget(self, topic: str, partition: int, before: int) -> int:
        """Drop the records of one partition below the offset `before`, step by step; how many went."""
        number = self.number((topic, partition))
        gone = 0
        while step := await self.writer.run(lambda connection: trimming.forget(connection, number, before), 0):
            gone += step
            await asyncio.sleep(0)
        return gone

    async def trim(self, now: int) -> int:
        """Apply every topic's retention as of `now` (milliseconds); how many records went. Call it now and then."""
        gone = 0
        for topic in self._layout.topics.values():
            compacted = topic.cleanup == "compact"
            for place in self._places(topic.name):
                gone += await (self._compact(place, now) if compacted else self._expire(place, topic, now))
        metrics.TRIMMED.inc(gone)
        return gone

    async def _expire(self, place: Place, topic: Topic, now: int) -> int:
        if topic.retention_days is None:
            return 0
        number, oldest = self.number(place), now - topic.retention_days * DAY
        gone = 0
        end = (await self.bounds(place[0]))[place[1]][1]
        while (
            before := await self.reader.long(lambda connection: trimming.older(connection, number, end, oldest))
        ) > 0:
            gone += await self.forget(*place, before)
        return gone

    async def _compact(self, place: Place, now: int) -> int:
        number = self.number(place)
        dead = await self.reader.long(lambda connection: trimming.superseded(connection, number, now - DAY))
        for start in range(0, len(dead), trimming.STEP):
            step = dead[start : start + trimming.STEP]
            await self.writer.run(partial(trimming.remove, number=number, offsets=step), 0)
        return len(dead)

    async def look(self, read: Callable[[sqlite3.Connection], T], records: int) -> T:
        """A read of up to so many records: here if they are few, else on a thread."""
        return self.reader.small(read) if records <= SMALL_READ else await self.reader.long(read)

    async def listen(self, subject: Place | str, seconds: float) -> None:
        """Until something may have been appended there, by this process or another one, or after `seconds`."""
        await self.bell.listen(subject, min(seconds, POLL_SECONDS))

    def _places(self, topic: str) -> list[Place]:
        return [(topic, partition) for partition in range(self.partitions(topic))]


def _append(heads: tables.Heads, connection: sqlite3.Connection, parts: Sequence[tables.Part]) -> None:
    tables.append(connection, heads, parts)


def _append_traced(heads: tables.Heads, connection: sqlite3.Connection, parts: Sequence[tables.Part]) -> None:
    traced.append(connection, heads, parts)


async def _each(assignments: Sequence[SqliteAssignment]) -> AsyncIterator[SqliteAssignment]:
    for assignment in assignments:
        yield assignment
