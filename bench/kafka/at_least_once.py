"""The same log with weaker commits: outputs first, then the offset, and no transaction around them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from leadflow.adapters.kafka_assignment import KafkaAssignment
from leadflow.adapters.log_kafka import KafkaLog
from leadflow.ports import Assignment, Emit, Record


class AtLeastOnceLog:
    """What a hop needs of a log: to consume. Everything but the commit is done by the log that it stands on."""

    def __init__(self, log: KafkaLog) -> None:
        self._log = log

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[Assignment]]:
        """See `ports.Log`."""
        async with self._log.consume(group, topic) as assignments:

            async def weaker() -> AsyncIterator[Assignment]:
                async for assignment in assignments:
                    yield cast("Assignment", _AtLeastOnce(self._log, assignment))

            yield weaker()


class _AtLeastOnce:
    """An assignment whose outputs may be seen twice."""

    def __init__(self, log: KafkaLog, inner: KafkaAssignment) -> None:
        self._log, self._inner = log, inner
        self.topic, self.partition, self.seek = inner.topic, inner.partition, inner.seek

    @property
    def position(self) -> int:
        """See `ports.Assignment`."""
        return self._inner.position

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """See `ports.Assignment`."""
        return await self._inner.fetch(max_records, wait)

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:
        """Produce, acknowledged by all, then commit the offset as consumers usually do."""
        await self._log.append(emits)
        await self._inner._consumer.commit({self._inner._place: next_offset})  # noqa: SLF001
