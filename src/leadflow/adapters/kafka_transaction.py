"""One transaction per commit: records and the group's offset become visible together, or not at all."""

import asyncio
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from leadflow import metrics
from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.kafka_producer import close, discard, start_producer
from leadflow.adapters.kafka_records import Entry, send
from leadflow.ports import Fenced, LeadflowError, Overtaken


class TooLarge(LeadflowError):
    """A record is larger than the broker takes: no retry will help."""


class TransactionalProducer:
    """The producer of one input partition. It ends with the first commit that is not confirmed."""

    def __init__(self, options: KafkaOptions, group: str, source: TopicPartition, producer: AIOKafkaProducer) -> None:
        """Use `start`."""
        self._options = options
        self._group = group
        self._source = source
        self._producer: AIOKafkaProducer | None = producer
        self._topic = source.topic.removeprefix(options.topic_prefix)
        for counter in (metrics.TRANSACTIONS_ABANDONED, metrics.FENCES):
            counter.labels(self._topic)  # shown at 0
        self._what = f"committing {source.topic}[{source.partition}] for {group}"

    @classmethod
    async def start(cls, options: KafkaOptions, group: str, source: TopicPartition) -> "TransactionalProducer":
        """Fence every earlier producer of this group and partition, and have its open transaction aborted."""
        return cls(options, group, source, await start_producer(options, f"{group}-{source.partition}"))

    async def commit(
        self, offset: int, grouped: Mapping[TopicPartition, list[Entry]], now: int
    ) -> dict[TopicPartition, int]:
        """Write records and the offset of the source; the end of what was written to each partition.

        Raises Overtaken when a newer owner has fenced this one, Unavailable when nothing is known; then it has ended.
        """
        producer = self._producer
        if producer is None:
            raise Overtaken(f"{self._what}: an earlier commit was not confirmed")
        started = time.perf_counter()
        try:
            async with deadline(self._options.call_timeout, self._what):
                written = await self._write(producer, offset, grouped, now)
        except BaseException as error:
            self._producer = None
            metrics.TRANSACTIONS_ABANDONED.labels(self._topic).inc()
            await discard(producer)
            if isinstance(error, Fenced):
                metrics.FENCES.labels(self._topic).inc()
                raise Overtaken(str(error)) from error
            raise
        metrics.TRANSACTION_SECONDS.labels(self._topic).observe(time.perf_counter() - started)
        return written

    async def close(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close(producer)

    async def _write(
        self, producer: AIOKafkaProducer, offset: int, grouped: Mapping[TopicPartition, list[Entry]], now: int
    ) -> dict[TopicPartition, int]:
        await producer.begin_transaction()
        acknowledged = await send(producer, grouped, now)
        try:
            # aiokafka commits even where a batch has failed: each one is looked at first
            _, *places = await asyncio.gather(
                producer.send_offsets_to_transaction({self._source: offset}, self._group), *acknowledged
            )
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            raise TooLarge(f"{self._what}: a record is larger than max.message.bytes: {error}") from error
        await producer.commit_transaction()
        return {place.topic_partition: place.offset for place in places}
