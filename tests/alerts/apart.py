"""Services over Kafka, and what can befall the brokers and the groups."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from aiokafka import AIOKafkaProducer
from alerts.deeds import Deeds
from alerts.traffic import flowing
from fire.cast import SESSION_SECONDS, Cast, distributed, initialise, playing
from fire.member import Member
from tools.broker import Cluster, Node, running

from leadflow.contracts.topics import TOUCHPOINTS

NUMBERS = {"observer": 1, "processor": 2, "scoring": 1, "admin-api": 1}
_SETTINGS = {"LEADFLOW_ACK_TIMEOUT": "2"}
_PREFIX = "leadflow."

DEEDS: "Deeds[Apart]" = Deeds()


@dataclass(slots=True)
class Apart:
    """A process of each service, two processors, on a broker of their own."""

    cluster: Cluster
    cast: Cast

    @property
    def node(self) -> Node:
        """The broker."""
        (node,) = self.cluster.nodes
        return node

    @property
    def port(self) -> int:
        """The observer's."""
        return self.cast.of("observer")[0].port

    @property
    def ports(self) -> list[int]:
        """Everybody's."""
        return [member.port for member in self.cast.members]


@contextmanager
def apart(folder: Path) -> Iterator[Apart]:
    """Run them."""
    with running() as cluster:
        settings = {**distributed(folder, cluster.url), **_SETTINGS}
        initialise(folder, settings)
        cast = Cast(folder, settings)
        with playing(cast, NUMBERS):
            yield Apart(cluster, cast)


@DEEDS("LeadflowDeadLetters")
def somebody_else_writes_to_the_topic(scene: Apart) -> Iterator[None]:
    """What is no touchpoint."""

    async def write() -> None:
        async with AIOKafkaProducer(bootstrap_servers=scene.cluster.bootstrap) as producer:
            await producer.send_and_wait(_PREFIX + TOUCHPOINTS, b"what is this?", b"key")

    asyncio.run(write())
    yield


@DEEDS("LeadflowProducersFenced", "LeadflowTransactionsAbandoned", "LeadflowRebalanceStorm")
def a_processor_sleeps_again_and_again(scene: Apart) -> Iterator[None]:
    """Longer than its session, in the middle of its work; each time it wakes, another one has its partitions.

    It may sleep between two batches, and then nothing is fenced: it is sent to sleep until it was in one.
    """
    sleeper = scene.cast.of("processor")[0]
    with flowing(scene.port, pause=0.001, threads=4, batch=40), _again_and_again(sleeper):
        yield
    sleeper.wait_until_ready()


@DEEDS("LeadflowAcknowledgementsLate")
def the_broker_is_away(scene: Apart) -> Iterator[None]:
    """Stopped, while requests go on."""
    with flowing(scene.port, pause=0.05, threads=2, seed=2):
        scene.node.stop()
        yield
        scene.node.start()


@contextmanager
def _again_and_again(sleeper: Member) -> Iterator[None]:
    """Freeze it for longer than its session, let it work for as long, until the end."""
    over = Event()

    def sleep_and_wake() -> None:
        while not over.is_set():
            sleeper.freeze()
            over.wait(2 * SESSION_SECONDS)
            sleeper.thaw()
            over.wait(2 * SESSION_SECONDS)

    thread = Thread(target=sleep_and_wake, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
