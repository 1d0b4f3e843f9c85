"""Topics for a measurement, made as `leadflow init` makes them."""

from collections.abc import Iterable

from leadflow.adapters.kafka_admin import open_topics
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.topic_plan import Plan, desired
from leadflow.contracts.topics import Topic


async def create_topics(options: KafkaOptions, topics: Iterable[Topic], partitions: int) -> None:
    """Create topics under the prefix of the options; none of them may be there yet."""
    async with open_topics(options) as cluster:
        brokers = await cluster.brokers()
        wanted = desired(topics, options.topic_prefix, partitions=partitions, given=True, copies=None, brokers=brokers)
        await cluster.carry_out(Plan(create=wanted))
