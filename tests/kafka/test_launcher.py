"""The launcher of Kafka: what the other tests of Kafka stand on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from e2e.waiting import PATIENCE, wait_for
from tools.broker import Cluster, running

ROOT = Path(__file__).resolve().parents[2]


async def new_topic(cluster: Cluster, copies: int) -> str:
    """Create a topic with one partition."""
    name = f"test-{uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=copies)])
    finally:
        await admin.close()
    return name


async def read(cluster: Cluster, topic: str, count: int) -> list[bytes | None]:
    """Return the first records of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=cluster.bootstrap, auto_offset_reset="earliest")
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_what_is_produced_is_consumed(kafka: Cluster) -> None:
    """A client of the one node reads what another wrote."""
    topic = await new_topic(kafka, copies=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, b"hello")
    assert await read(kafka, topic, 1) == [b"hello"]


@pytest.fixture(scope="module")
def three(needs_kafka: None) -> Iterator[Cluster]:  # noqa: ARG001  skips or fails
    """Three nodes."""
    with running(nodes=3) as cluster:
        yield cluster


async def test_producing_goes_on_when_one_of_three_nodes_dies(three: Cluster) -> None:
    """Every record is acknowledged by all in sync; the node that leads the partition is killed in between."""
    topic = await new_topic(three, copies=3)
    async with AIOKafkaProducer(bootstrap_servers=three.bootstrap, acks="all", enable_idempotence=True) as producer:
        placed = await producer.send_and_wait(topic, b"before")
        leader = producer.client.cluster.leader_for_partition(placed.topic_partition)
        three.nodes[leader - 1].kill()
        async with asyncio.timeout(PATIENCE):  # aiokafka itself would try for ever
            await producer.send_and_wait(topic, b"after")
    assert await read(three, topic, 2) == [b"before", b"after"]


@pytest.mark.usefixtures("needs_kafka")
async def test_a_node_keeps_its_records_over_a_stop(tmp_path: Path) -> None:
    """With a folder of its own, a cluster that ended starts again with what it held."""
    with running(data=tmp_path) as first:
        topic = await new_topic(first, copies=1)
        async with AIOKafkaProducer(bootstrap_servers=first.bootstrap, acks="all") as producer:
            await producer.send_and_wait(topic, b"kept")
    with running(data=tmp_path) as second:
        assert await read(second, topic, 1) == [b"kept"]


STARTER = """
import sys
from pathlib import Path
from tools.broker import running
with running(data=Path(sys.argv[1])) as cluster:
    print(cluster.nodes[0].pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.usefixtures("needs_kafka")
def test_a_killed_starter_leaves_no_broker(tmp_path: Path) -> None:
    """`kill -9` of the process that started a broker ends the broker too."""
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as starter:  # noqa: S603  our own program
        assert starter.stdout is not None
        broker = int(starter.stdout.readline())
        assert alive(broker)
        starter.kill()
    wait_for(lambda: not alive(broker), f"the end of process {broker}")


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
