"""What a record becomes on its way to Kafka: a place, headers, and a batch that is not too large."""

import asyncio

import pytest
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaConnectionError,
    NotLeaderForPartitionError,
    ProducerFenced,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import TopicPartition

from leadflow.adapters.kafka_errors import deadline, translated
from leadflow.adapters.kafka_partitioner import positive_murmur2
from leadflow.adapters.kafka_records import entries, send
from leadflow.adapters.topic_layout import TopicLayout
from leadflow.contracts.topics import IDENTITY, TOUCHPOINTS
from leadflow.ports import Emit, Fenced, Unavailable

LAYOUT = TopicLayout(3, digest=positive_murmur2)
NOW = 1_760_000_000_123


class Sent:
    """Stands in for a producer: batches of at most so many bytes, as they were handed over."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.batches: list[tuple[str, int, BatchBuilder]] = []

    def create_batch(self) -> BatchBuilder:
        """As aiokafka does."""
        return BatchBuilder(self.size, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[None]:
        """Note it."""
        self.batches.append((topic, partition, batch))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def test_every_record_has_the_headers_of_a_cloud_event() -> None:
    """Id, type, source, version, time and content type; an id of its own where none was given."""
    named = Emit(topic=IDENTITY, key="k", value=b"v", id="web:1", type="dev.leadflow.evidence.v1")
    grouped, size = entries([named, Emit(topic=IDENTITY, key="k", value=None)], LAYOUT, "p.", NOW)
    (first, second) = grouped[TopicPartition("p.identity", 0)]
    assert dict(first[2]) == {
        "ce_id": b"web:1",
        "ce_type": b"dev.leadflow.evidence.v1",
        "ce_source": b"leadflow",
        "ce_specversion": b"1.0",
        "ce_time": b"2025-10-09T08:53:20.123+00:00",
        "content-type": b"application/json",
    }
    assert dict(second[2])["ce_id"]
    assert size > len(b"kvk")


def test_records_are_grouped_by_where_they_go_in_order() -> None:
    """Each partition gets its own in the order in which they were given; one impossible place refuses all."""
    emits = [Emit(topic=TOUCHPOINTS, key=f"k{number}", value=str(number).encode()) for number in range(20)]
    grouped, _ = entries(emits, LAYOUT, "", NOW)
    for place, part in grouped.items():
        numbers = [int(value or b"") for _, value, _ in part]
        assert numbers == sorted(numbers)
        assert {LAYOUT.partition_for(TOUCHPOINTS, f"k{number}") for number in numbers} == {place.partition}
    with pytest.raises(ValueError, match="nowhere"):
        entries([*emits, Emit(topic="nowhere", key="k", value=b"")], LAYOUT, "", NOW)


async def test_batches_are_cut_to_size_and_lose_nothing() -> None:
    """No batch is larger than allowed, except for one record that is; all arrive in order."""
    values = [bytes(100) for _ in range(50)] + [bytes(5_000)] + [bytes(100)]
    grouped, _ = entries([Emit(topic=IDENTITY, key="k", value=value) for value in values], LAYOUT, "", NOW)
    producer = Sent(2_000)
    await asyncio.gather(*await send(producer, grouped, NOW))
    assert sum(batch.record_count() for _, _, batch in producer.batches) == len(values)
    assert [batch.record_count() for _, _, batch in producer.batches if batch.size() > 2_000] == [1]
    assert len(producer.batches) > 5


def test_a_newer_owner_is_told_from_trouble() -> None:
    """Only what a newer producer or the coordinator's own abort causes is a fence."""
    for fence in (ProducerFenced(), InvalidProducerEpoch()):
        assert isinstance(translated(fence, "x"), Fenced)
    for trouble in (KafkaConnectionError("away"), NotLeaderForPartitionError()):
        assert isinstance(translated(trouble, "x"), Unavailable)


async def test_no_call_waits_for_ever() -> None:
    """What does not answer is Unavailable, and the message says what it was."""
    with pytest.raises(Unavailable, match=r"committing.*0\.01 s"):
        async with deadline(0.01, "committing"):
            await asyncio.Event().wait()
