"""One partition of a Kafka topic, owned by a member of a group until it is taken back or a newer owner fences it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
)

from leadflow.adapters.kafka_errors import translated
from leadflow.adapters.kafka_records import decoded
from leadflow.adapters.kafka_transaction import TransactionalProducer
from leadflow.ports import Emit, Fenced, LostPosition, Record, Revoked

Commit = Callable[[TransactionalProducer, int, Sequence[Emit]], Awaitable[None]]
"""(producer, next offset, emits): what the log does to write them."""


class KafkaAssignment:
    """`ports.Assignment`. aiokafka fetches one answer ahead for it, and no more until that is taken."""

    def __init__(
        self,
        topic: str,
        place: TopicPartition,
        *,
        consumer: AIOKafkaConsumer,
        producer: TransactionalProducer,
        commit: Commit,
        position: int,
        bounds: tuple[int, int],
        traces: bool = False,
    ) -> None:
        self.topic = topic
        self.partition: int = place.partition
        self._place = place
        self._consumer = consumer
        self._producer = producer
        self._commit = commit
        self._traces = traces
        self._begin, self._end = bounds
        self._position = position
        self._astray = True  # whether the consumer's own position may differ from ours
        self._lost = self._outside(position)
        self._over: asyncio.Future[Fenced] = asyncio.get_running_loop().create_future()
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def position(self) -> int:
        """The offset that the next `fetch` starts from."""
        return self._position

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """See `ports.Assignment`. Raises LostPosition where the records to go on from are not kept any more."""
        self._idle.set()
        self._check_ours()
        if self._lost:
            raise LostPosition(self._lost)
        found = await self._next(max_records, wait)
        self._check_ours()
        if not found:
            self._position = max(self._position, await self._consumer.position(self._place))
            return []
        self._position = found[-1].offset + 1
        self._idle.clear()
        return decoded(self.topic, found, traces=self._traces)

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:
        """See `ports.Assignment`. A batch that was fetched before the group took the partition back may still be."""
        if self._closed:
            raise self._over.result()
        self._idle.clear()
        try:
            await self._commit(self._producer, next_offset, emits)
        finally:
            self._idle.set()

    def seek(self, offset: int) -> None:
        """See `ports.Assignment`."""
        lost = self._outside(offset)
        if lost:
            raise LostPosition(lost)
        self._position = offset
        self._lost = ""
        self._astray = True

    def end(self, reason: Fenced) -> None:
        """Fetch no more; a commit of what was fetched is still tried."""
        if not self._over.done():
            self._over.set_result(reason)

    def give_up(self) -> None:
        """Whoever processes a batch has ended without committing it."""
        self._idle.set()

    async def settled(self) -> None:
        """Return when no batch is being processed."""
        await self._idle.wait()

    async def close(self) -> None:
        """Commit no more."""
        self.end(Revoked(f"{self.topic}[{self.partition}]: this consumer has left its group"))
        self._closed = True
        await self._producer.close()

    async def _next(self, max_records: int, wait: float) -> Sequence[ConsumerRecord]:
        """Take records from the consumer, unless the partition is taken from us: then it may wait for long."""
        end = asyncio.get_running_loop().time() + wait
        while True:
            if self._astray:
                self._seek()
            remaining = max(0.0, end - asyncio.get_running_loop().time())
            getting = asyncio.ensure_future(
                self._consumer.getmany(self._place, timeout_ms=remaining * 1_000, max_records=max_records)
            )
            try:
                await asyncio.wait({getting, self._over}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not getting.done():
                    getting.cancel()
                self._astray = True  # unless what it has found arrives here
            if self._over.done():
                getting.add_done_callback(_look)
                raise self._over.result()
            try:
                found: Sequence[ConsumerRecord] = getting.result().get(self._place, ())
            except NoOffsetForPartitionError:
                continue  # asked before the consumer knew where to begin
            except OffsetOutOfRangeError as error:
                self._lost = self._explained(self._position)
                raise LostPosition(self._lost) from error
            except RecordTooLargeError as error:
                self._lost = f"{self.topic}[{self.partition}]: {error}"
                raise LostPosition(self._lost) from error
            except (ConsumerStoppedError, IllegalStateError) as error:
                raise self._gone() from error
            except KafkaError as error:
                raise translated(error, f"reading {self.topic}[{self.partition}]") from error
            self._astray = False
            return found

    def _seek(self) -> None:
        try:
            self._consumer.seek(self._place, self._position)
        except IllegalStateError as error:
            raise self._gone() from error

    def _gone(self) -> Revoked:
        return Revoked(f"{self.topic}[{self.partition}]: the group has given it to another member")

    def _check_ours(self) -> None:
        if self._over.done():
            raise self._over.result()

    def _outside(self, offset: int) -> str:
        """What is wrong with an offset; nothing when it lies in what the partition keeps, as far as is known."""
        if not self._begin <= offset:
            return self._explained(offset)
        if offset > max(self._end, self._position):
            self._end = max(self._end, self._consumer.last_stable_offset(self._place) or 0)
            if offset > self._end:
                return self._explained(offset)
        return ""

    def _explained(self, offset: int) -> str:
        return (
            f"{self.topic}[{self.partition}] does not keep the offset {offset} (known: {self._begin} to {self._end}): "
            "decide where to go on and seek there"
        )


def _look(task: asyncio.Future[object]) -> None:
    """Take notice of how an abandoned task ended."""
    if not task.cancelled():
        task.exception()
