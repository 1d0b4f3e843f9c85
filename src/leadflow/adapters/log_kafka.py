"""The log on Kafka: appends are acknowledged by all in-sync replicas, and a commit is one transaction."""

from collections.abc import Iterable, Mapping

from leadflow.adapters.kafka_client import KafkaClient
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.kafka_partitioner import positive_murmur2
from leadflow.adapters.system_clock import SystemClock
from leadflow.adapters.topic_layout import TopicLayout
from leadflow.contracts.topics import TOPICS, Topic
from leadflow.ports import Clock, LeadflowError


class WrongTopics(LeadflowError):
    """Topics are missing or have a partition count that cannot work; the message names them."""


class KafkaLog:
    """`ports.Log`. Processes of one group share a topic's partitions; each commit is fenced by its producer."""

    def __init__(self, options: KafkaOptions, clock: Clock, client: KafkaClient, layout: TopicLayout) -> None:
        """Use `open`."""
        self.options = options
        self._clock = clock
        self._client = client
        self._layout = layout

    @classmethod
    async def open(
        cls, options: KafkaOptions, *, clock: Clock | None = None, topics: Iterable[Topic] = TOPICS
    ) -> "KafkaLog":
        """Connect and look at the topics. Raises Unavailable without a broker, WrongTopics, WrongOptions."""
        expected = tuple(topics)
        client = KafkaClient(options)
        try:
            await client.start()
            found = await client.partition_counts([options.topic_prefix + topic.name for topic in expected])
            layout = TopicLayout(_counts(expected, options.topic_prefix, found), expected, positive_murmur2)
        except BaseException:
            await client.close()
            raise
        return cls(options, clock or SystemClock(), client, layout)

    async def close(self) -> None:
        """Leave all groups and close the connections."""
        await self._client.close()

    def partitions(self, topic: str) -> int:
        """See `ports.Log`; ValueError for an unknown topic, as everywhere here."""
        return self._layout.partitions(topic)

    def partition_for(self, topic: str, key: str) -> int:
        """See `ports.Log`: as Kafka's own clients choose."""
        return self._layout.partition_for(topic, key)


def _counts(topics: Iterable[Topic], prefix: str, found: Mapping[str, int]) -> dict[str, int]:
    """The partition counts by logical names. WrongTopics names all that is missing or implausible at once."""
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
