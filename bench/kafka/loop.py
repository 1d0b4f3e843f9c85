"""The least that a consumer does: fetch, parse, encode, produce. No transaction, no offsets, no port in between."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from leadflow.adapters.kafka_options import KafkaOptions

_MOST = 2_000  # records at once, as the hops take them
_WAIT_MS = 500

_encode = msgspec.json.Encoder().encode


class Loop:
    """Passes a topic on, record by record, from where it ended the last time. Use it as a context."""

    def __init__(
        self, options: KafkaOptions, topic: str, out: str, decoder: "msgspec.json.Decoder[msgspec.Struct]"
    ) -> None:
        """Topics by their logical names; each partition goes to its own number."""
        self.done = 0
        self._topic, self._out = options.topic_prefix + topic, options.topic_prefix + out
        self._decode = decoder.decode
        connection = options.connection()
        self._consumer = AIOKafkaConsumer(
            **connection,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_bytes=options.fetch_bytes,
            max_partition_fetch_bytes=options.partition_fetch_bytes,
        )
        self._producer = AIOKafkaProducer(
            **connection,
            acks="all",
            enable_idempotence=True,
            compression_type=options.compression,
            max_batch_size=options.batch_bytes,
        )

    async def __aenter__(self) -> Self:
        """Connect, and begin at the end of what is there."""
        await self._consumer.start()
        await self._producer.start()
        partitions = self._consumer.partitions_for_topic(self._topic) or await self._found()
        self._consumer.assign([TopicPartition(self._topic, partition) for partition in partitions])
        await self._consumer.seek_to_end()
        self._consumer.pause(*self._consumer.assignment())  # else it fetches while it is not measured
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._consumer.stop()
        await self._producer.stop()

    async def run(self, records: int) -> None:
        """Pass so many records on, until all are acknowledged."""
        self._consumer.resume(*self._consumer.assignment())
        done = 0
        waiting: list[asyncio.Future[object]] = []
        while done < records:
            for place, found in (await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=_MOST)).items():
                waiting += await self._send(place.partition, found)
                done += len(found)
        await asyncio.gather(*waiting)
        self.done += done
        self._consumer.pause(*self._consumer.assignment())

    async def _send(self, partition: int, records: Sequence[ConsumerRecord]) -> list[asyncio.Future[object]]:
        sent: list[asyncio.Future[object]] = []
        batch = self._producer.create_batch()
        for record in records:
            value = _encode(self._decode(record.value))
            if batch.append(key=record.key, value=value, timestamp=None) is None:
                sent.append(await self._producer.send_batch(batch, self._out, partition=partition))
                batch = self._producer.create_batch()
                batch.append(key=record.key, value=value, timestamp=None)
        sent.append(await self._producer.send_batch(batch, self._out, partition=partition))
        return sent

    async def _found(self) -> set[int]:
        """Return the partitions of a topic that the client has not heard of yet."""
        await self._consumer._client.force_metadata_update()  # noqa: SLF001
        return self._consumer.partitions_for_topic(self._topic) or set()
