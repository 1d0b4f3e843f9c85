"""The settings of the distributed store: how to reach ArangoDB, and how safely it is to keep documents."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class ArangoSettings(BaseSettings):
    """`LEADFLOW_ARANGO_*`: read where LEADFLOW_STORE names arango://, without effect elsewhere."""

    arango_username: str = Field("root", min_length=1, description="The user of ArangoDB.")
    arango_password: SecretStr | None = Field(None, description="Its password.")
    arango_auth: Literal["basic", "token"] = Field(
        "basic", description="`basic`: the password with every request; `token`: a token for it, renewed early."
    )
    arango_tls: bool = Field(default=False, description="Speak https to ArangoDB.")
    arango_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that ArangoDB is trusted by; default: those of the system."
    )
    arango_call_timeout: float = Field(10.0, gt=0, description="Seconds that any request to ArangoDB may take.")
    arango_sync: bool = Field(
        default=True, description="A write to ArangoDB returns when it is on the disk; off, power loss can lose some."
    )
    arango_replication: int = Field(
        3, ge=1, le=10, description="Copies of each document, or as many as there are servers."
    )
    arango_write_concern: int = Field(2, ge=1, le=10, description="Copies that must be in step for a write.")
    arango_sharded: bool = Field(
        default=False, description="Spread collections over servers; off, one server leads all (OneShard). Fixed."
    )
    arango_shards: int = Field(3, ge=1, le=1000, description="Shards of each new collection where it is on. Fixed.")

    @model_validator(mode="after")
    def _possible_store(self) -> Self:
        """Refuse what cannot be meant, all of it at once."""
        problems = []
        if self.arango_ca_file is not None and not self.arango_tls:
            problems.append("LEADFLOW_ARANGO_CA_FILE: is set, but LEADFLOW_ARANGO_TLS is off: nothing is encrypted")
        if self.arango_write_concern > self.arango_replication:
            problems.append("LEADFLOW_ARANGO_WRITE_CONCERN: must not be more than LEADFLOW_ARANGO_REPLICATION")
        if problems:
            raise ValueError("\n".join(problems))
        return self
