"""The distributed mode on one machine: Apache Kafka as a process beside what is measured; the store is SQLite."""

import asyncio

from tools.broker import missing_programs, running

from bench.goals import Figure
from bench.kafka import hops, small_batches, whole
from bench.kafka.topics import create_topics
from bench.options import Options
from bench.parts import observer
from bench.workbench import PARTITIONS
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.contracts.topics import TOPICS


def measure_small_batches(options: Options) -> list[Figure]:
    """Run a broker and the services at the rate of a tier."""
    if missing := missing_programs():
        raise RuntimeError(f"a Kafka broker needs {', '.join(missing)}")
    with running() as cluster:
        return small_batches.measure(options, cluster)


def measure(options: Options) -> list[Figure]:
    """Run one broker for everything. RuntimeError where it cannot run."""
    if missing := missing_programs():
        raise RuntimeError(f"a Kafka broker needs {', '.join(missing)}")
    with running() as cluster:
        asyncio.run(create_topics(KafkaOptions(bootstrap=cluster.bootstrap), TOPICS, PARTITIONS))
        settings = {"LEADFLOW_LOG": cluster.url}
        return [
            *observer.measure(options, settings, "kafka/"),
            *hops.measure(options, cluster.bootstrap),
            *whole.measure(options, cluster),
        ]
