"""The server.properties of each node: Kafka's defaults are for racks of servers, these for a corner of a laptop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
INTERNAL_PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens: for clients, for the other brokers, for the controllers' quorum."""

    id: int
    client: int
    brokers: int
    controller: int


def properties(own: Address, all_nodes: Sequence[Address], folder: Path) -> dict[str, str | int]:
    """Return what a node that is both broker and controller needs, but for the security of its listeners."""
    copies = min(3, len(all_nodes))
    in_sync = max(1, copies - 1)
    return {
        "process.roles": "broker,controller",
        "node.id": own.id,
        "listeners": f"CLIENT://{HOST}:{own.client},BROKERS://{HOST}:{own.brokers},CONTROLLER://{HOST}:{own.controller}",
        "advertised.listeners": f"CLIENT://{HOST}:{own.client},BROKERS://{HOST}:{own.brokers}",
        "inter.broker.listener.name": "BROKERS",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": ",".join(f"{node.id}@{HOST}:{node.controller}" for node in all_nodes),
        "log.dirs": str(folder),
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.num.partitions": INTERNAL_PARTITIONS,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": INTERNAL_PARTITIONS,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": INTERNAL_PARTITIONS,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # A node alone has nobody to give its partitions to: it is not given up soon on a busy machine. But after a
        # crash it is not let in again before its last session is over, and gives up itself when that takes too long.
        "broker.session.timeout.ms": 6_000 if len(all_nodes) > 1 else 25_000,
        "initial.broker.registration.timeout.ms": 90_000,
        **_SWIFT,
        **_SMALL,
    }


# Tests wait for these: groups form at once, short sessions are allowed, a dead node or transaction is noticed soon.
_SWIFT: dict[str, str | int] = {
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1_000,
    "broker.heartbeat.interval.ms": 500,
    "log.retention.check.interval.ms": 5_000,
}
_SMALL: dict[str, str | int] = {
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "num.recovery.threads.per.data.dir": 1,
    "log.cleaner.dedupe.buffer.size": 4 * 2**20,
    "log.index.size.max.bytes": 2**20,  # allocated for each segment of each partition
}


def text(values: Mapping[str, str | int]) -> str:
    """Return a file of properties."""
    return "".join(f"{name}={value}\n" for name, value in values.items())
