"""One member of a consumer group: what it is assigned, made ready partition by partition, and given back in order."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from leadflow import metrics
from leadflow.adapters.kafka_assignment import Commit, KafkaAssignment
from leadflow.adapters.kafka_client import KafkaClient
from leadflow.adapters.kafka_ending import cancelled, start, stop_consumer
from leadflow.adapters.kafka_errors import deadline, translated
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.kafka_transaction import TransactionalProducer
from leadflow.ports import Fenced, LeadflowError, LostPosition, Revoked, Unavailable

_FETCH_WAIT_MS = 200  # a partition that was drained during a fetch of the others waits for that fetch
_LOOK_EVERY = 0.5  # seconds
_GONE_LOOKS = 6  # metadata may lack a topic for a moment while brokers change
_LEAVE_SECONDS = 5.0

logger = structlog.get_logger(__name__)


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped
    """A group's consumer of one topic. Whatever goes wrong inside arrives at whoever iterates over `assignments`."""

    def __init__(
        self, options: KafkaOptions, client: KafkaClient, *, group: str, topic: str, count: int, commit: Commit
    ) -> None:
        """`group` as Kafka knows it, `topic` as the ports do; `count`: its partitions."""
        self._options = options
        self._client = client
        self._group = group
        self._topic = topic
        self._count = count
        self._commit = commit
        self._owned: list[KafkaAssignment] = []
        self._settling: list[KafkaAssignment] = []
        self._preparing: set[asyncio.Task[None]] = set()
        self._ready: asyncio.Queue[KafkaAssignment | LeadflowError] = asyncio.Queue()
        self._watching: asyncio.Task[None] | None = None
        self._consumer = AIOKafkaConsumer(
            **options.connection(),
            group_id=group,
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=round(options.session_timeout * 1_000),
            heartbeat_interval_ms=round(options.heartbeat * 1_000),
            rebalance_timeout_ms=round(options.rebalance_timeout * 1_000),
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            fetch_max_bytes=options.fetch_bytes,
            max_partition_fetch_bytes=options.partition_fetch_bytes,
        )

    @property
    def _kafka_topic(self) -> str:
        return self._options.topic_prefix + self._topic

    async def join(self) -> None:
        """Join the group. Returns with the first assignment, which may be empty. Raises Unavailable."""
        self._consumer.subscribe([self._kafka_topic], listener=self)
        patience = self._options.call_timeout + self._options.rebalance_timeout
        async with deadline(patience, f"joining {self._group}"):
            await start(self._consumer.start(), self._consumer._client)  # noqa: SLF001
        self._watching = asyncio.create_task(self._watch())

    async def assignments(self) -> AsyncIterator[KafkaAssignment]:
        """Each partition that becomes ours, when it is ready. Raises what ended the membership."""
        while True:
            item = await self._ready.get()
            if isinstance(item, LeadflowError):
                raise item
            yield item

    async def leave(self) -> None:
        """Give everything back and leave the group; its partitions go to others at once."""
        await self._stop_watching()
        for assignment in self._settling:  # a rebalance waits for batches that nobody processes any more
            assignment.give_up()
        settling = self._settling
        left = Revoked(f"{self._topic}: this consumer has left its group")
        await self._release(left, 0.0)
        await self._stop_consumer()
        await self._release(left, 0.0)  # what the group has dealt out meanwhile: nobody else would close its producer
        await asyncio.gather(*(assignment.close() for assignment in settling))  # where that broke a rebalance off

    async def give_way(self) -> None:
        """Leave the group for a newer member of the same process; what is in flight is for that one to fence."""
        await self._stop_watching()
        for assignment in self._owned:
            assignment.end(Fenced(f"{self._topic}[{assignment.partition}]: this process has joined the group anew"))
        await self._stop_consumer()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """The group is being dealt out anew: finish or drop what is in flight before the others are kept waiting."""
        if list(revoked):
            await self._release(
                Revoked(f"{self._topic}: the group is dealing out its partitions anew"),
                self._options.rebalance_timeout / 2,
            )

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Make each partition ready on its own; meanwhile nothing is taken from the consumer."""
        metrics.REBALANCES.labels(self._topic).inc()
        places = sorted(assigned)
        logger.info("assigned", group=self._group, topic=self._topic, partitions=[place.partition for place in places])
        for place in places:
            self._preparing.add(asyncio.create_task(self._prepare(place)))

    async def _prepare(self, place: TopicPartition) -> None:
        """Fence the last owner, and only then look where it got to."""
        producer = None
        try:
            producer = await TransactionalProducer.start(self._options, self._group, place)
            (committed,) = await self._client.committed(self._group, place.topic, [place.partition])
            ((begin, end),) = await self._client.bounds(place.topic, [place.partition])
        except BaseException as error:
            if producer is not None:
                await producer.close()
            if not isinstance(error, Exception):
                raise
            self._fail(error)
            return
        assignment = KafkaAssignment(
            self._topic,
            place,
            consumer=self._consumer,
            producer=producer,
            commit=self._commit,
            position=committed or 0,
            bounds=(begin, end),
            traces=self._options.traces,
        )
        self._owned.append(assignment)
        self._ready.put_nowait(assignment)

    async def _release(self, reason: Fenced, patience: float) -> None:
        """End all assignments; batches in flight have `patience` seconds, together, to be committed."""
        preparing, self._preparing = self._preparing, set()
        for task in preparing:
            task.cancel()
        owned, self._owned = self._owned, []
        self._settling = owned
        for assignment in owned:
            assignment.end(reason)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.gather(*(assignment.settled() for assignment in owned))
        await asyncio.gather(*preparing, *(assignment.close() for assignment in owned), return_exceptions=True)

    async def _watch(self) -> None:
        """Keep the membership alive while all are busy, and find out what aiokafka only tells those who poll."""
        nowhere = TopicPartition(self._kafka_topic, -1)
        missing = 0
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            with suppress(TimeoutError):  # it waits while the group is dealt out
                try:
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._consumer.getmany(nowhere, timeout_ms=0)
                except KafkaError as error:
                    self._fail(translated(error, f"membership of {self._group}"))
                    return
            found = len(self._consumer.partitions_for_topic(self._kafka_topic) or ())
            missing = 0 if found == self._count else missing + 1
            if missing == _GONE_LOOKS:
                self._fail(LostPosition(_changed(self._kafka_topic, self._count, found)))
                return

    def _fail(self, error: Exception) -> None:
        """End the membership: aiokafka only logs what its listeners raise, and asserts where it is at a loss."""
        if not isinstance(error, LeadflowError):
            error = Unavailable(f"membership of {self._group}: {error!r}")
        self._ready.put_nowait(error)

    async def _stop_watching(self) -> None:
        await cancelled([self._watching])

    async def _stop_consumer(self) -> None:
        try:
            if not await stop_consumer(self._consumer, _LEAVE_SECONDS):
                logger.warning("consumer_torn_down", group=self._group)
        except KafkaError as error:
            logger.warning("group_not_left", group=self._group, error=repr(error))


def _changed(topic: str, count: int, found: int) -> str:
    if not found:
        return f"topic {topic} is gone: positions in it mean nothing any more; see leadflow init"
    return f"topic {topic} has {found} partitions now, not {count}: keys have moved; restart all services"
