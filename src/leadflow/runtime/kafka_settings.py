"""The settings of the distributed log: how to reach Kafka, and how patient to be with it."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

_SASL = frozenset({"sasl_plaintext", "sasl_ssl"})
_TLS = frozenset({"ssl", "sasl_ssl"})


class KafkaSettings(BaseSettings):
    """`LEADFLOW_KAFKA_*`: read where LEADFLOW_LOG names kafka://, without effect elsewhere."""

    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="How Kafka is spoken to: `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`."
    )
    kafka_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How a user is authenticated: `SCRAM-SHA-512`, `SCRAM-SHA-256` or `PLAIN`."
    )
    kafka_username: str | None = Field(
        None, min_length=1, description="The user; needs `sasl_plaintext` or `sasl_ssl`."
    )
    kafka_password: SecretStr | None = Field(None, description="Its password.")
    kafka_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that brokers are trusted by; default: those of the system."
    )
    kafka_cert_file: Path | None = Field(None, description="PEM file of this client's certificate.")
    kafka_key_file: Path | None = Field(None, description="PEM file of its key.")
    kafka_compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = Field(
        "zstd", description="How records are compressed: `none`, `gzip`, `snappy`, `lz4` or `zstd`."
    )
    kafka_replication: int | None = Field(
        None, ge=1, le=9, description="Copies of each new topic. Default: 3, or as many as there are brokers."
    )
    kafka_session_timeout: float = Field(
        10.0, ge=1, description="Seconds after which a silent process loses its partitions to others."
    )
    kafka_heartbeat: float | None = Field(
        None, gt=0, description="Seconds between its signs of life. Default: a third of the session timeout."
    )
    kafka_transaction_timeout: float = Field(
        15.0, ge=1, description="Seconds after which the brokers abort a transaction that nobody ends."
    )
    kafka_call_timeout: float = Field(10.0, gt=0, description="Seconds that any call to Kafka may take.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse what cannot be meant, all of it at once."""
        problems = [*self._wrong_login(), *self._wrong_files()]
        if self.kafka_heartbeat is not None and self.kafka_heartbeat * 2 > self.kafka_session_timeout:
            problems.append("LEADFLOW_KAFKA_HEARTBEAT: must be half of LEADFLOW_KAFKA_SESSION_TIMEOUT or less")
        if self.kafka_transaction_timeout <= self.kafka_call_timeout:
            problems.append(
                "LEADFLOW_KAFKA_TRANSACTION_TIMEOUT: must be longer than LEADFLOW_KAFKA_CALL_TIMEOUT, "
                "or the brokers abort what is still being committed"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _wrong_login(self) -> list[str]:
        """Name what is wrong between the user and the kind of security."""
        given = {"LEADFLOW_KAFKA_USERNAME": self.kafka_username, "LEADFLOW_KAFKA_PASSWORD": self.kafka_password}
        if self.kafka_security in _SASL:
            return [
                f"{name}: not set, but LEADFLOW_KAFKA_SECURITY={self.kafka_security} logs in"
                for name, value in given.items()
                if value is None
            ]
        return [
            f"{name}: is set, but LEADFLOW_KAFKA_SECURITY={self.kafka_security} logs nobody in: "
            "set that to sasl_ssl (or sasl_plaintext)"
            for name, value in given.items()
            if value is not None
        ]

    def _wrong_files(self) -> list[str]:
        """Name what is wrong between the files and the kind of security."""
        if self.kafka_security not in _TLS:
            files = {
                "LEADFLOW_KAFKA_CA_FILE": self.kafka_ca_file,
                "LEADFLOW_KAFKA_CERT_FILE": self.kafka_cert_file,
                "LEADFLOW_KAFKA_KEY_FILE": self.kafka_key_file,
            }
            return [
                f"{name}: is set, but LEADFLOW_KAFKA_SECURITY={self.kafka_security} encrypts nothing: "
                "set that to ssl or sasl_ssl"
                for name, path in files.items()
                if path is not None
            ]
        if self.kafka_key_file is not None and self.kafka_cert_file is None:
            return ["LEADFLOW_KAFKA_CERT_FILE: not set, but LEADFLOW_KAFKA_KEY_FILE is: a key goes with a certificate"]
        return []
