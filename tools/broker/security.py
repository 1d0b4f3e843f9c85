"""How the clients of a cluster reach it: as anybody, over TLS, or over TLS with a user and a password."""

import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tools.broker.certificates import Certificates, certificates

Security = Literal["plaintext", "ssl", "sasl_ssl"]

_USER = "leadflow"
_MECHANISM = "SCRAM-SHA-512"
_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True, slots=True)
class Access:
    """What a client has to know. The password is made at random for each cluster."""

    security: Security = "plaintext"
    certificates: Certificates | None = None
    username: str | None = None
    password: str | None = None

    def client(self) -> dict[str, Any]:
        """Return the keyword arguments that every client of aiokafka takes."""
        arguments: dict[str, Any] = {"security_protocol": self.security.upper()}
        if self.certificates:
            context = ssl.create_default_context(cafile=self.certificates.authority)
            context.load_cert_chain(self.certificates.client, self.certificates.client_key)
            arguments["ssl_context"] = context
        if self.username:
            arguments["sasl_mechanism"] = _MECHANISM
            arguments["sasl_plain_username"] = self.username
            arguments["sasl_plain_password"] = self.password
        return arguments

    def broker(self) -> dict[str, str]:
        """Return the brokers' properties; the listeners among brokers and controllers stay plain."""
        protocol = f"CLIENT:{self.security.upper()},BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT"
        values = {"listener.security.protocol.map": protocol}
        if self.certificates:
            values |= {
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(self.certificates.brokers),
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(self.certificates.authority),
            }
        if self.username:
            values |= {
                "sasl.enabled.mechanisms": _MECHANISM,
                f"listener.name.client.{_MECHANISM.lower()}.sasl.jaas.config": f"{_MODULE} required;",
            }
        return values

    def users(self) -> list[str]:
        """Return the arguments of Kafka's formatting that create the user."""
        if not self.username:
            return []
        return ["--add-scram", f"{_MECHANISM}=[name={self.username},password={self.password}]"]


def access(security: Security, folder: Path) -> Access:
    """Make what a cluster needs, in its folder."""
    if security == "plaintext":
        return Access()
    made = certificates(folder / "certificates")
    if security == "ssl":
        return Access(security, made)
    return Access(security, made, _USER, secrets.token_urlsafe(16))
