"""How to reach an ArangoDB database, and what it is asked for."""

import ssl
from dataclasses import dataclass, field
from typing import Literal

from leadflow.ports import LeadflowError

Authentication = Literal["basic", "token"]


class WrongOptions(LeadflowError):
    """The options contradict each other, or a file that they name cannot be used; never quotes a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArangoOptions:
    """Times in seconds. Several hosts are coordinators of one cluster: any of them serves any request."""

    hosts: tuple[str, ...]
    """`http://host:port` each, or all of them https."""
    database: str
    username: str = "root"
    password: str = field(default="", repr=False)
    authentication: Authentication = "basic"
    """`token`: log in once and send the token that comes, renewed well before it expires."""
    ca_file: str | None = None
    """The authorities to trust with https, PEM; None: those of the system."""

    call_timeout: float = 10.0
    """Until a request is given up as Unavailable; what it did is then unknown, and every write can be repeated."""
    wait_for_sync: bool = True
    """A write returns when it is on the disk. Without, a server that loses power forgets what offsets say was done."""
    replication_factor: int = 3
    """Copies of each document in a cluster; never more than there are servers."""
    write_concern: int = 2
    """Copies that must be in step before a write is accepted; never more than the replication factor."""
    sharded: bool = False
    """Spread each collection over the servers; otherwise one server leads them all (OneShard)."""
    shards: int = 3
    """Shards of each collection where `sharded`."""

    def __post_init__(self) -> None:
        """Refuse what cannot work before anything is connected."""
        if not self.hosts:
            raise WrongOptions("no host of ArangoDB is named: write arango://host:port/database")
        if not self.database:
            raise WrongOptions("no database is named: write arango://host:port/database")
        if len({host.partition("://")[0] for host in self.hosts}) > 1:
            raise WrongOptions("the hosts of ArangoDB have to be all http or all https")
        if self.write_concern > self.replication_factor:
            raise WrongOptions(
                f"a write concern of {self.write_concern} cannot be met by {self.replication_factor} copies"
            )

    def trust(self) -> ssl.SSLContext | bool:
        """What certificates are checked against. Raises WrongOptions for a file that holds none."""
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise WrongOptions(f"{self.ca_file} holds no certificate authority: {error.strerror or error}") from None
