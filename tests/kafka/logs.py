"""Logs on topics of their own, on the broker that a test run shares."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from tools.broker import Cluster

from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.log_kafka import KafkaLog
from leadflow.contracts.topics import IDENTITY, REJECTED, TOPICS, TOUCHPOINTS, Topic

USED = tuple(topic for topic in TOPICS if topic.name in {IDENTITY, REJECTED, TOUCHPOINTS})


def options(cluster: Cluster, **settings: Any) -> KafkaOptions:
    """How to reach a cluster, with short times and a prefix that nobody else uses."""
    quick: dict[str, Any] = {
        "traces": True,
        "call_timeout": 5.0,
        "session_timeout": 3.0,
        "heartbeat": 0.5,
        "transaction_timeout": 8.0,
    }
    prefix = f"t{uuid4().hex[:10]}."
    return KafkaOptions(bootstrap=cluster.bootstrap, **{"topic_prefix": prefix, **quick, **settings})


@asynccontextmanager
async def topics(made: KafkaOptions, partitions: int, wanted: Iterable[Topic] = USED) -> AsyncIterator[None]:
    """Create the topics, and delete them in the end: hundreds of partitions would slow the broker down."""
    names = {made.topic_prefix + topic.name: topic.partitions or partitions for topic in wanted}
    admin = AIOKafkaAdminClient(bootstrap_servers=made.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, count, 1) for name, count in names.items()])
        yield
        await admin.delete_topics(list(names))
    finally:
        await admin.close()


@asynccontextmanager
async def opened(made: KafkaOptions) -> AsyncIterator[KafkaLog]:
    """A log on topics that are there."""
    log = await KafkaLog.open(made, topics=USED)
    try:
        yield log
    finally:
        await log.close()
