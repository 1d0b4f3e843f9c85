"""The log in memory, for tests and experiments: nothing outlives the process, everything else is as promised."""

import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from leadflow.adapters.bell import Bell
from leadflow.adapters.system_clock import SystemClock
from leadflow.adapters.topic_layout import Place, TopicLayout
from leadflow.contracts.topics import TOPICS, Topic
from leadflow.core.time import DAY
from leadflow.ports import Clock, Emit, Fenced, LostPosition, Record


@dataclass(slots=True)
class _Partition:
    """`records` rise by offset; `begin` is the oldest position that can be read from, `end` the next offset."""

    records: list[Record] = field(default_factory=list)
    begin: int = 0
    end: int = 0

    def since(self, offset: int, limit: int) -> list[Record]:
        start = bisect_left(self.records, offset, key=lambda record: record.offset)
        return self.records[start : start + max(0, limit)]

    def forget(self, before: int) -> None:
        self.begin = max(self.begin, min(before, self.end))
        del self.records[: bisect_left(self.records, self.begin, key=lambda record: record.offset)]


@dataclass(slots=True)
class _Ownership:
    """A group's memory of one partition. Taking it over raises the epoch; older epochs are fenced."""

    epoch: int = 0
    committed: int | None = None


class MemoryAssignment:
    """One partition owned by one consumer, while the epoch it was given is the latest."""

    def __init__(self, log: "MemoryLog", place: Place, owned: _Ownership) -> None:
        self._log = log
        self._owned = owned
        self._epoch = owned.epoch
        self._position = owned.committed or 0
        self.topic, self.partition = place

    @property
    def position(self) -> int:
        """The offset that the next `fetch` starts from."""
        return self._position

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """See `ports.Assignment`. Raises LostPosition where the records to go on from have been trimmed."""
        place = (self.topic, self.partition)
        deadline = time.monotonic() + wait
        while True:
            self._check_owner()
            self._check_position(self._position)
            records = self._log.partition(place).since(self._position, max_records)
            remaining = deadline - time.monotonic()
            if records:
                self._position = records[-1].offset + 1
                return records
            if remaining <= 0:
                self._position = max(self._position, self._log.partition(place).end)  # behind offsets without a record
                return []
            await self._log.bell.listen(place, remaining)

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:
        """See `ports.Assignment`."""
        self._check_owner()
        self._log.write(emits)
        self._log.leave_marks(emits)
        self._owned.committed = next_offset

    def seek(self, offset: int) -> None:
        """See `ports.Assignment`."""
        self._check_position(offset)
        self._position = offset

    def close(self) -> None:
        """Give the partition up, unless somebody else has it already."""
        if self._owned.epoch == self._epoch:
            self._owned.epoch += 1
            self._log.bell.ring((self.topic, self.partition))

    def _check_owner(self) -> None:
        if self._owned.epoch != self._epoch:
            raise Fenced(f"{self.topic}[{self.partition}] has another owner: drop all state and join again")

    def _check_position(self, offset: int) -> None:
        kept = self._log.partition((self.topic, self.partition))
        if not kept.begin <= offset <= kept.end:
            raise LostPosition(
                f"{self.topic}[{self.partition}] keeps the offsets {kept.begin} to {kept.end}, not {offset}: "
                "decide where to go on and seek there"
            )


class MemoryLog:
    """`ports.Log` in lists. `partitions` is the count of the topics that do not fix their own.

    `marks`: how many offsets a commit uses up without a record in each partition that it wrote to, asked for each time.
    Kafka marks the end of a transaction with one, and aborted transactions leave more.
    """

    def __init__(
        self,
        partitions: int = 4,
        clock: Clock | None = None,
        topics: Iterable[Topic] = TOPICS,
        marks: Callable[[], int] = lambda: 0,
    ) -> None:
        self._layout = TopicLayout(partitions, topics)
        self._clock = clock or SystemClock()
        self._partitions = {place: _Partition() for place in self._layout.places()}
        self._owned: dict[tuple[str, str, int], _Ownership] = {}
        self._marks = marks
        self.bell = Bell()

    def partitions(self, topic: str) -> int:
        """See `ports.Log`; ValueError for an unknown topic, as everywhere here."""
        return self._layout.partitions(topic)

    def partition_for(self, topic: str, key: str) -> int:
        """See `ports.Log`."""
        return self._layout.partition_for(topic, key)

    def partition(self, place: Place) -> _Partition:
        """What is kept of one partition; for this module and for fault injection."""
        return self._partitions[self._layout.check(*place)]

    async def append(self, emits: Sequence[Emit]) -> None:
        """See `ports.Log`. All records or none."""
        self.write(emits)

    def write(self, emits: Sequence[Emit]) -> None:
        """Append all records or, where one of them is impossible, none."""
        now = self._clock.now()
        for place, emit in [(self._layout.place(emit), emit) for emit in emits]:
            kept = self._partitions[place]
            kept.records.append(
                Record(
                    topic=place[0],
                    partition=place[1],
                    offset=kept.end,
                    key=emit.key,
                    value=emit.value,
                    timestamp=now,
                    trace=emit.trace,
                )
            )
            kept.end += 1
            self.bell.ring(place)
            self.bell.ring(place[0])

    def leave_marks(self, emits: Sequence[Emit]) -> None:
        """Use up the offsets that the end of a transaction takes."""
        for place in dict.fromkeys(map(self._layout.place, emits)):
            self._partitions[place].end += self._marks()

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[MemoryAssignment]]:
        """See `ports.Log`. The joining consumer takes every partition; the iterator ends after the last one."""
        assignments = []
        for partition in range(self.partitions(topic)):
            owned = self._owned.setdefault((group, topic, partition), _Ownership())
            owned.epoch += 1
            assignments.append(MemoryAssignment(self, (topic, partition), owned))
            self.bell.ring((topic, partition))  # the last owner may be waiting for records
        try:
            yield _each(assignments)
        finally:
            for assignment in assignments:
                assignment.close()

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Record]:
        """See `ports.Log`."""
        return self.partition((topic, partition)).since(offset, limit)

    async def bounds(self, topic: str) -> Sequence[tuple[int, int]]:
        """See `ports.Log`."""
        parts = (self.partition((topic, number)) for number in range(self.partitions(topic)))
        return [(part.begin, part.end) for part in parts]

    async def committed(self, group: str, topic: str) -> Sequence[int | None]:
        """See `ports.Log`."""
        known = (self._owned.get((group, topic, number)) for number in range(self.partitions(topic)))
        return [owned.committed if owned else None for owned in known]

    async def wait(self, topic: str, ends: Sequence[int], seconds: float) -> None:
        """See `ports.Log`."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            bounds = await self.bounds(topic)
            if any(end > seen for (_, end), seen in zip(bounds, ends, strict=False)):
                return
            await self.bell.listen(topic, remaining)

    async def forget(self, topic: str, partition: int, before: int) -> None:
        """Drop the records of one partition below the offset `before`; offsets are never used again."""
        self.partition((topic, partition)).forget(before)

    async def trim(self, now: int) -> int:
        """Apply every topic's retention as of `now` (milliseconds); how many records went."""
        return sum(_trim(self._layout.topics[topic], kept, now) for (topic, _), kept in self._partitions.items())

    async def close(self) -> None:
        """Nothing to release."""


def _trim(topic: Topic, kept: _Partition, now: int) -> int:
    before = len(kept.records)
    if topic.cleanup == "compact":
        latest = {record.key: record.offset for record in kept.records}
        kept.records = [
            record
            for record in kept.records
            if latest[record.key] == record.offset and (record.value is not None or record.timestamp >= now - DAY)
        ]
    elif topic.retention_days is not None:
        oldest = now - topic.retention_days * DAY
        kept.forget(next((record.offset for record in kept.records if record.timestamp >= oldest), kept.end))
    return before - len(kept.records)


async def _each(assignments: Sequence[MemoryAssignment]) -> AsyncIterator[MemoryAssignment]:
    for assignment in assignments:
        yield assignment
