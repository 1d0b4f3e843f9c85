"""A cluster of one node or three: formatted, started, waited for, and ended whatever happens."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.broker.formatting import format_nodes
from tools.broker.java import java
from tools.broker.node import Node
from tools.broker.ports import free_ports
from tools.broker.properties import HOST, Address, properties, text
from tools.broker.security import Access, Security, access

HEAP_MB = 256


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes that run, and how to reach them."""

    nodes: tuple[Node, ...]
    access: Access
    """What clients have to know: how to connect, the certificates, the user."""

    @property
    def bootstrap(self) -> str:
        """Return the addresses for a client: `host:port,…`."""
        return ",".join(node.address for node in self.nodes)

    @property
    def url(self) -> str:
        """Return the addresses as LEADFLOW_LOG takes them."""
        return f"kafka://{self.bootstrap}"

    @property
    def ca_file(self) -> Path | None:
        """Return the authority to trust, where the cluster speaks TLS; more in `access.certificates`."""
        return self.access.certificates.authority if self.access.certificates else None

    @property
    def username(self) -> str | None:
        """Return the user, where the cluster wants one."""
        return self.access.username

    @property
    def password(self) -> str | None:
        """Return its password, made at random."""
        return self.access.password


@contextmanager
def running(
    nodes: int = 1,
    *,
    security: Security = "plaintext",
    port: int | None = None,
    data: Path | None = None,
    settings: Mapping[str, str | int] | None = None,
    heap_mb: int = HEAP_MB,
    flags: Sequence[str] = (),
) -> Iterator[Cluster]:
    """Run a cluster of `nodes`, on free ports and in a temporary folder unless `port` and `data` say otherwise.

    Node n listens for clients on `port` + n. With `data`, a user's password would be lost: sasl_ssl is for temporary
    clusters. `settings` go over those of `properties`, `flags` are for the JVMs. Data that are there already
    are used again. NotReady shows the log of the node that did not start.
    """
    with TemporaryDirectory(prefix="leadflow-kafka-") as temporary:
        folder = data or Path(temporary)
        entry, values = access(security, folder), settings or {}
        cluster = _prepared(folder, _addresses(nodes, port), entry, settings=values, heap_mb=heap_mb, flags=flags)
        try:
            for node in cluster.nodes:
                node.launch()
            for node in cluster.nodes:
                node.wait()
            yield cluster
        finally:
            with ThreadPoolExecutor(nodes) as ending:  # in good order only if the data are wanted again
                list(ending.map(Node.stop if data else Node.kill, cluster.nodes))


def _prepared(
    folder: Path,
    addresses: Sequence[Address],
    entry: Access,
    *,
    settings: Mapping[str, str | int],
    heap_mb: int,
    flags: Sequence[str],
) -> Cluster:
    made = []
    for address in addresses:
        home = folder / f"node-{address.id}"
        home.mkdir(parents=True, exist_ok=True)
        values = {**properties(address, addresses, home / "log"), **entry.broker(), **settings}
        configuration = home / "server.properties"
        configuration.write_text(text(values), encoding="utf-8")
        command = java("kafka.Kafka", str(configuration), heap_mb=heap_mb, flags=flags)
        made.append(Node(address.id, f"{HOST}:{address.client}", home, command, entry))
    format_nodes(folder, [node.folder for node in made], entry.users())
    return Cluster(tuple(made), entry)


def _addresses(nodes: int, port: int | None) -> list[Address]:
    clients = free_ports(nodes) if port is None else [port + number for number in range(nodes)]
    others = free_ports(2 * nodes)
    return [Address(n + 1, clients[n], others[2 * n], others[2 * n + 1]) for n in range(nodes)]
