"""The log on Kafka keeps the contract of the port, on a real broker."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from kafka.logs import USED, opened, options, topics
from tools.broker import Cluster

from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.log_kafka import KafkaLog

from .log_contract import PARTITIONS, DurableLogContract, Forget, LogContract


class TestKafkaLog(LogContract, DurableLogContract):
    """KafkaLog."""

    @pytest.fixture
    async def made(self, kafka: Cluster) -> AsyncIterator[KafkaOptions]:
        """Topics that are empty."""
        made = options(kafka)
        async with topics(made, PARTITIONS):
            yield made

    @pytest.fixture
    async def log(self, made: KafkaOptions) -> AsyncIterator[KafkaLog]:
        """An empty log."""
        async with opened(made) as log:
            yield log

    @pytest.fixture
    def forget(self) -> Forget:
        """Retention, at will."""
        return KafkaLog.forget

    @pytest.fixture
    async def reopen(self, log: KafkaLog, made: KafkaOptions) -> AsyncIterator[Callable[[], Awaitable[KafkaLog]]]:
        """Close the log and open it again."""
        again: list[KafkaLog] = []

        async def reopened() -> KafkaLog:
            await log.close()
            again.append(await KafkaLog.open(made, topics=USED))
            return again[-1]

        yield reopened
        for one in again:
            await one.close()
