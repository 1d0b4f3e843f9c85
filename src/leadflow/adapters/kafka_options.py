"""How to reach a Kafka cluster, and the bounds of what a client may hold and wait for."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

from leadflow.ports import LeadflowError

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]


class WrongOptions(LeadflowError):
    """The options contradict each other, or a file that they name cannot be used; never quotes a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Times in seconds, sizes in bytes. Raises WrongOptions for combinations that cannot work."""

    bootstrap: str
    """`host:port,host:port`."""
    topic_prefix: str = "leadflow."
    """Stands before the names of topics, groups and transactional ids."""
    client_id: str = "leadflow"

    security: Security = "plaintext"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    """The authorities to trust, PEM; None: those of the system."""
    cert_file: str | None = None
    """The client's own certificate, PEM, where the brokers ask for one."""
    key_file: str | None = None

    compression: Compression = "zstd"
    call_timeout: float = 10.0
    """Until every call, commits and acknowledged appends included, is given up as Unavailable."""
    session_timeout: float = 10.0
    """Until the partitions of a member that has gone silent are given to others."""
    heartbeat: float = 3.0
    rebalance_timeout: float = 10.0
    """Until a member has to have let go of its partitions; the batch in flight may end meanwhile."""
    transaction_timeout: float = 15.0
    """Until the broker aborts a transaction whose owner has gone silent; readers wait for it that long."""

    traces: bool = False
    """Whether the trace context in the headers of records is read."""

    max_waiting_bytes: int = 64 * 1024 * 1024
    """What appends may have waiting for acknowledgement; beyond: Overloaded."""
    batch_bytes: int = 256 * 1024
    """Where a batch of records is cut, before compression. One larger record is a batch of its own."""
    fetch_bytes: int = 16 * 1024 * 1024
    """The most that one fetch from one broker brings, as compressed."""
    partition_fetch_bytes: int = 1024 * 1024
    """The most of it that one partition brings: also what waits for each partition that is slow to process."""

    def __post_init__(self) -> None:
        """Refuse what cannot work before anything is connected."""
        sasl = self.security.startswith("sasl")
        if sasl and not (self.username and self.password):
            raise WrongOptions(f"security {self.security} needs a username and a password")
        if not sasl and (self.username or self.password):
            raise WrongOptions(f"security {self.security} takes no username and password: choose sasl_ssl")
        if not self.security.endswith("ssl") and (self.ca_file or self.cert_file or self.key_file):
            raise WrongOptions(f"security {self.security} takes no certificates: choose ssl or sasl_ssl")
        if self.key_file and not self.cert_file:
            raise WrongOptions("a key file needs the certificate file that it belongs to")
        if self.heartbeat * 2 > self.session_timeout:
            raise WrongOptions(
                f"a heartbeat each {self.heartbeat} s is too rare for sessions of {self.session_timeout} s"
            )
        if self.transaction_timeout <= self.call_timeout:
            raise WrongOptions(
                f"transactions of {self.transaction_timeout} s end before calls of {self.call_timeout} s do: "
                "raise the transaction timeout"
            )

    def connection(self) -> dict[str, Any]:
        """The arguments that every client of aiokafka takes. Raises WrongOptions for unusable files."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            "request_timeout_ms": round(self.call_timeout * 1_000),
            "security_protocol": self.security.upper(),
        }
        if self.security.endswith("ssl"):
            arguments["ssl_context"] = self._tls()
        if self.security.startswith("sasl"):
            arguments["sasl_mechanism"] = self.mechanism
            arguments["sasl_plain_username"] = self.username
            arguments["sasl_plain_password"] = self.password
        return arguments

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:
            files = ", ".join(name for name in (self.ca_file, self.cert_file, self.key_file) if name)
            raise WrongOptions(f"{files}: cannot be used for TLS: {error.strerror or error}") from error
        return context
