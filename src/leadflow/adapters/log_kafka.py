"""The log on Kafka: appends are acknowledged by all in-sync replicas, and a commit is one transaction."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import ConsumerRecord, TopicPartition

from leadflow.adapters.kafka_appender import Appender
from leadflow.adapters.kafka_assignment import KafkaAssignment
from leadflow.adapters.kafka_client import KafkaClient, OutOfRange
from leadflow.adapters.kafka_growth import Growth
from leadflow.adapters.kafka_membership import Membership
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.kafka_partitioner import positive_murmur2
from leadflow.adapters.kafka_records import decoded, entries
from leadflow.adapters.kafka_transaction import TransactionalProducer
from leadflow.adapters.system_clock import SystemClock
from leadflow.adapters.topic_layout import TopicLayout
from leadflow.contracts.topics import TOPICS, Topic
from leadflow.ports import Clock, Emit, LeadflowError, Record

_OWN_COMMIT_SECONDS = 1.0  # how long a read waits for the marker of what this process has committed
_MARKER_SECONDS = 0.005
_NEW_TOPIC_SECONDS = 1.0


class WrongTopics(LeadflowError):
    """Topics are missing or have a partition count that cannot work; the message names them."""


class KafkaLog:
    """`ports.Log`. The members of a group share a topic's partitions; each commit is fenced by its producer.

    In Kafka, topics are `{prefix}{topic}`, groups `{prefix}{group}.{topic}`, transactional ids that and `-{partition}`.
    """

    def __init__(self, options: KafkaOptions, clock: Clock, client: KafkaClient, layout: TopicLayout) -> None:
        """Use `open`."""
        self._options = options
        self._clock = clock
        self._client = client
        self._layout = layout
        self._appender = Appender(options, clock)
        self._growth = Growth(self.bounds)
        self._memberships: dict[str, Membership] = {}
        self._committed_here: dict[TopicPartition, int] = {}

    @classmethod
    async def open(
        cls, options: KafkaOptions, *, clock: Clock | None = None, topics: Iterable[Topic] = TOPICS
    ) -> "KafkaLog":
        """Connect and look at the topics. Raises Unavailable without a broker, WrongTopics, WrongOptions."""
        expected = tuple(topics)
        client = KafkaClient(options)
        try:
            await client.start()
            layout = TopicLayout(await _counts(client, expected, options.topic_prefix), expected, positive_murmur2)
        except BaseException:
            await client.close()
            raise
        return cls(options, clock or SystemClock(), client, layout)

    async def close(self) -> None:
        """Flush what waits, leave all groups, close the connections."""
        await self._appender.close()
        await asyncio.gather(*(membership.leave() for membership in self._memberships.values()))
        self._growth.close()
        await self._client.close()

    async def check(self) -> None:
        """Raise Unavailable while appends fail, for readiness."""
        await self._appender.check()

    def partitions(self, topic: str) -> int:
        """See `ports.Log`; ValueError for an unknown topic, as everywhere here."""
        return self._layout.partitions(topic)

    def partition_for(self, topic: str, key: str) -> int:
        """See `ports.Log`: as Kafka's own clients choose."""
        return self._layout.partition_for(topic, key)

    async def append(self, emits: Sequence[Emit]) -> None:
        """See `ports.Log`. After Unavailable some of the records may be durable: sending again is harmless."""
        grouped, size = entries(emits, self._layout, self._options.topic_prefix, self._clock.now())
        await self._appender.append(grouped, size)
        for topic in {emit.topic for emit in emits}:
            self._growth.ring(topic)

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[KafkaAssignment]]:
        """See `ports.Log`. The iterator goes on as the group deals its partitions out anew, and raises what ends it.

        Joining again replaces this process's earlier membership. A group without a committed offset starts at 0.
        """
        name = f"{self._options.topic_prefix}{group}.{topic}"
        earlier = self._memberships.pop(name, None)
        if earlier is not None:
            await earlier.give_way()
        membership = Membership(
            self._options,
            self._client,
            group=name,
            topic=topic,
            count=self.partitions(topic),
            commit=self._commit,
        )
        self._memberships[name] = membership
        try:
            await membership.join()
            yield membership.assignments()
        finally:
            if self._memberships.get(name) is membership:
                del self._memberships[name]
            await membership.leave()

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Record]:
        """See `ports.Log`."""
        place = self._place(topic, partition)
        patience = asyncio.get_running_loop().time() + _OWN_COMMIT_SECONDS
        found: list[ConsumerRecord] = []
        while len(found) < limit:
            try:
                fetched = await self._client.fetch(place, offset, limit - len(found))
            except OutOfRange:
                ((begin, _),) = await self._client.bounds(place.topic, [partition])
                if offset >= begin:
                    break
                offset = begin
                continue
            found += fetched.records
            if fetched.following == offset:
                pending = fetched.end <= self._committed_here.get(place, -1)
                if found or not pending or asyncio.get_running_loop().time() > patience:
                    break
                await asyncio.sleep(_MARKER_SECONDS)
            offset = fetched.following
        return decoded(topic, found, traces=self._options.traces)

    async def bounds(self, topic: str) -> Sequence[tuple[int, int]]:
        """See `ports.Log`: up to the first open transaction. Markers of transactions count as offsets."""
        return await self._client.bounds(self._options.topic_prefix + topic, range(self.partitions(topic)))

    async def committed(self, group: str, topic: str) -> Sequence[int | None]:
        """See `ports.Log`."""
        prefix = self._options.topic_prefix
        return await self._client.committed(f"{prefix}{group}.{topic}", prefix + topic, range(self.partitions(topic)))

    async def wait(self, topic: str, ends: Sequence[int], seconds: float) -> None:
        """See `ports.Log`. A marker of a transaction is growth, too: who reads may then find nothing."""
        await self._growth.wait(topic, ends, seconds)

    async def forget(self, topic: str, partition: int, before: int) -> None:
        """Drop the records of one partition below the offset `before`."""
        await self._client.forget(self._place(topic, partition), before)

    async def _commit(self, producer: TransactionalProducer, next_offset: int, emits: Sequence[Emit]) -> None:
        now = self._clock.now()
        grouped, _ = entries(emits, self._layout, self._options.topic_prefix, now)
        self._committed_here |= await producer.commit(next_offset, grouped, now)
        for topic in {emit.topic for emit in emits}:
            self._growth.ring(topic)

    def _place(self, topic: str, partition: int) -> TopicPartition:
        self._layout.check(topic, partition)
        return TopicPartition(self._options.topic_prefix + topic, partition)


async def _counts(client: KafkaClient, topics: Sequence[Topic], prefix: str) -> dict[str, int]:
    """The partition counts by logical names. A topic that was created a moment ago is not known everywhere yet."""
    patience = asyncio.get_running_loop().time() + _NEW_TOPIC_SECONDS
    while True:
        found = await client.partition_counts([prefix + topic.name for topic in topics])
        if len(found) == len(topics) or asyncio.get_running_loop().time() > patience:
            return _plausible(topics, prefix, found)
        await asyncio.sleep(_NEW_TOPIC_SECONDS / 10)


def _plausible(topics: Sequence[Topic], prefix: str, found: Mapping[str, int]) -> dict[str, int]:
    """The counts, if they can work. WrongTopics names all that is missing or implausible at once."""
    missing = [prefix + topic.name for topic in topics if prefix + topic.name not in found]
    if missing:
        raise WrongTopics(f"topics are missing: {', '.join(missing)}; create them: leadflow init")
    wrong = [
        f"{prefix}{topic.name} has {found[prefix + topic.name]} partitions, not {topic.partitions}"
        for topic in topics
        if topic.partitions is not None and found[prefix + topic.name] != topic.partitions
    ]
    if wrong:
        raise WrongTopics(f"{'; '.join(wrong)}: that count is fixed for life; see leadflow init")
    return {topic.name: found[prefix + topic.name] for topic in topics}
