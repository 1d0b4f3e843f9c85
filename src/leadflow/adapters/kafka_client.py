"""Requests to a cluster outside any group and transaction: which topics there are, what they keep."""

from collections.abc import Sequence

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.ports import Unavailable


class KafkaClient:
    """One connection to each broker. Topics are named as Kafka knows them, prefix included."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._client = AIOKafkaClient(**options.connection())

    async def start(self) -> None:
        """Connect. Raises Unavailable when no broker answers."""
        async with deadline(self._options.call_timeout, "connecting"):
            try:
                await self._client.bootstrap()
            except KafkaConnectionError as error:
                raise Unavailable(f"no broker of {self._options.bootstrap} can be reached: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """How many partitions each of the topics has; those that there are not are left out."""
        async with deadline(self._options.call_timeout, "asking for topics"):
            cluster = await self._client.fetch_all_metadata()  # never creates a topic, as asking for its name may
        await self._client.set_topics(topics)
        return {topic: len(found) for topic in topics if (found := cluster.partitions_for_topic(topic))}
