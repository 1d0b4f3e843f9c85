"""Requests to a cluster outside any group and transaction: which topics there are, what they keep."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.consumer.fetcher import READ_COMMITTED, OffsetResetStrategy, PartitionRecords
from aiokafka.errors import (
    KafkaError,
    NoError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.protocol.admin import DeleteRecordsRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords

from leadflow.adapters.kafka_connecting import connect
from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_offset_fetch import UNSTABLE, OffsetFetchRequest
from leadflow.adapters.kafka_options import KafkaOptions

T = TypeVar("T")

_BACKOFF = 0.02  # seconds; markers of a transaction follow its end within a few milliseconds
_EVENT_BYTES = 64 * 1024  # the first batch comes whole, however large it is
_LATEST, _EARLIEST = OffsetResetStrategy.LATEST, OffsetResetStrategy.EARLIEST


@dataclass(frozen=True, slots=True)
class Fetched:
    """`following`: the offset to go on from, behind markers and aborted records too. `end`: the last stable offset."""

    records: Sequence[ConsumerRecord]
    following: int
    end: int


class OutOfRange(Exception):
    """The offset lies before the beginning of the partition or behind its end."""


class KafkaClient:
    """One connection to each broker. Topics and groups are named as Kafka knows them, prefix included."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._client = AIOKafkaClient(**options.connection())
        self._coordinators: dict[str, int] = {}

    async def start(self) -> None:
        """Connect. Raises Unavailable when no broker answers, TurnedAway."""
        await connect(self._client.bootstrap, self._options)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """How many partitions each of the topics has; those that there are not are left out."""
        async with deadline(self._options.call_timeout, "asking for topics"):
            cluster = await self._client.fetch_all_metadata()  # never creates a topic, as asking for its name may
            found = {topic: len(parts) for topic in topics if (parts := cluster.partitions_for_topic(topic))}
            await self._client.set_topics(list(found))
        return found

    async def bounds(self, topic: str, partitions: Sequence[int]) -> list[tuple[int, int]]:
        """For each partition its oldest offset and its last stable one: behind it may be open transactions."""

        async def ask() -> list[tuple[int, int]]:
            begins, ends = await asyncio.gather(
                self._offsets(topic, partitions, _EARLIEST), self._offsets(topic, partitions, _LATEST)
            )
            return [(begins[partition], ends[partition]) for partition in partitions]

        return await self._insist(f"bounds of {topic}", ask)

    async def fetch(self, place: TopicPartition, offset: int, limit: int) -> Fetched:
        """Up to `limit` committed records from `offset` on, fewer where they are large. Raises OutOfRange."""

        async def ask() -> Fetched:
            size = min(self._options.partition_fetch_bytes, limit * _EVENT_BYTES)
            request = FetchRequest(0, 1, size, READ_COMMITTED, [(place.topic, [(place.partition, offset, size)])])
            answer = await self._client.send(self._leader(place), request)
            ((_, ((_, code, _, stable, _, aborted, _, raw),)),) = answer.topics
            error = for_code(code)
            if error is OffsetOutOfRangeError:
                raise OutOfRange
            if error is not NoError:
                raise error(place)
            found = PartitionRecords(
                place, MemoryRecords(raw), aborted, offset, None, None, check_crcs=True, isolation_level=READ_COMMITTED
            )
            records = list(islice(found, limit))
            return Fetched(records, found.next_fetch_offset, stable)

        return await self._insist(f"reading {place.topic}[{place.partition}]", ask)

    async def committed(self, group: str, topic: str, partitions: Sequence[int]) -> list[int | None]:
        """The group's offset for each of the partitions, None where it has none.

        Waits for transactions that have ended and whose markers are not written yet, each partition on its own: under
        load there is hardly a moment at which no partition has one.
        """
        found: dict[int, int | None] = {}

        async def ask() -> None:
            node = self._coordinators.get(group)
            if node is None:
                node = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
                self._coordinators[group] = node
            request = OffsetFetchRequest(group, topic, [number for number in partitions if number not in found])
            try:
                answer = await self._client.send(node, request, group=ConnectionGroup.COORDINATION)
                found.update(_stable(answer))
            except KafkaError:
                self._coordinators.pop(group, None)
                raise
            if len(found) < len(partitions):
                raise _Unstable

        await self._insist(f"offsets of {group}", ask)
        return [found[number] for number in partitions]

    async def forget(self, place: TopicPartition, before: int) -> None:
        """Delete the records of a partition below an offset."""

        async def ask() -> None:
            request = DeleteRecordsRequest(
                [(place.topic, [(place.partition, before)])], round(self._options.call_timeout * 1_000)
            )
            answer = await self._client.send(self._leader(place), request)
            ((_, ((_, _, code, *_),), *_),) = answer.topics
            if code:
                raise for_code(code)

        await self._insist(f"deleting from {place.topic}[{place.partition}]", ask)

    async def _offsets(self, topic: str, partitions: Sequence[int], which: int) -> dict[int, int]:
        """Ask each partition's leader for its earliest or its last stable offset."""
        by_leader: dict[int, list[tuple[int, int]]] = {}
        for partition in partitions:
            by_leader.setdefault(self._leader(TopicPartition(topic, partition)), []).append((partition, which))
        requests = (
            self._client.send(leader, OffsetRequest(-1, READ_COMMITTED, [(topic, asked)]))
            for leader, asked in by_leader.items()
        )
        found: dict[int, int] = {}
        for answer in await asyncio.gather(*requests):
            for _, parts in answer.topics:
                for partition, code, _, offset in parts:
                    if code:
                        raise for_code(code)(topic)
                    found[partition] = offset
        return found

    def _leader(self, place: TopicPartition) -> int:
        leader: int | None = self._client.cluster.leader_for_partition(place)
        if leader is None or leader == -1:
            raise _NoLeader(f"{place.topic}[{place.partition}] has no leader")
        return leader

    async def _insist(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again while the answer is one of those that pass, with fresh metadata where it says so."""
        async with deadline(self._options.call_timeout, what):
            while True:
                try:
                    return await ask()
                except KafkaError as error:
                    if not error.retriable:
                        raise
                    if error.invalid_metadata:
                        await self._client.force_metadata_update()
                await asyncio.sleep(_BACKOFF)


class _NoLeader(KafkaError):  # type: ignore[misc]  # untyped
    retriable = True
    invalid_metadata = True


class _Unstable(KafkaError):  # type: ignore[misc]  # untyped
    retriable = True


def _stable(answer: Any) -> dict[int, int | None]:
    """The offsets of an answer that are settled. Raises what its error codes say."""
    parts = [part for _, parts, _ in answer.topics for part in parts]
    for code in {answer.error_code, *(part[4] for part in parts)} - {0, UNSTABLE}:
        raise for_code(code)
    return {part[0]: part[1] if part[1] >= 0 else None for part in parts if part[4] != UNSTABLE}
