"""All settings: `LEADFLOW_*` in the environment, over them what the command line says. No secret has a default."""

import difflib
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from leadflow.core.touchpoint import Quality
from leadflow.ports import LeadflowError
from leadflow.runtime import setting_values
from leadflow.runtime.arango_settings import ArangoSettings
from leadflow.runtime.kafka_settings import KafkaSettings
from leadflow.runtime.tracing_settings import TracingSettings

PREFIX = "LEADFLOW_"
SHORTEST_SECRET = 16
_URL = re.compile(r"(sqlite|kafka|arango)://.+")


class SettingsError(LeadflowError):
    """A setting is wrong: the message names each variable and what it may be, never the value of a secret."""


def _url(value: str | None) -> str | None:
    if value is not None and not _URL.fullmatch(value):
        raise ValueError(
            "must be sqlite:///path (relative) or sqlite:////path, kafka://host:port,… or arango://host:port,…/database"
        )
    return value


def _secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value().encode()) < SHORTEST_SECRET:
        raise ValueError(f"must be at least {SHORTEST_SECRET} bytes long")
    return value


def _write_keys(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not setting_values.write_keys(value.get_secret_value()):
        raise ValueError("names no key: write name:key,…")
    return value


def _source_quality(value: str) -> str:
    setting_values.source_quality(value)
    return value


def _blocked_values(value: str) -> str:
    setting_values.blocked_values(value)
    return value


class Settings(KafkaSettings, ArangoSettings, TracingSettings):
    """Every setting with its default; the descriptions make the table in docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data: Path = Field(Path("data"), description="Folder of the embedded mode: databases and generated secrets.")
    log: Annotated[str | None, AfterValidator(_url)] = Field(
        None,
        description="URL of the log: `sqlite:///path` or `kafka://host:port,…`. Default: `log.db` in the data folder.",
    )
    store: Annotated[str | None, AfterValidator(_url)] = Field(
        None,
        description="URL of the store: `sqlite:///path` or `arango://host:port,…/database`. "
        "Default: `store.db` beside it.",
    )
    topic_prefix: str = Field(
        "leadflow.", pattern=r"^[A-Za-z0-9._-]{0,64}$", description="Kafka: stands before every topic's name."
    )
    partitions: int = Field(
        4,
        ge=1,
        le=256,
        description="Partitions of each topic but `identity`; fixed once the log exists, which on Kafka then tells it.",
    )
    retention_days: int = Field(
        7,
        ge=1,
        description="Days that `touchpoints`, `identity` and `resolved` stay in the log.",
    )

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; `0.0.0.0` for all.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    write_keys: Annotated[SecretStr | None, AfterValidator(_write_keys)] = Field(
        None, description="`name:key,…`: who may send; the name becomes the source. Embedded: generated when not given."
    )
    admin_token: SecretStr | None = Field(
        None, description="Bearer token of the admin API. Embedded: generated when not given."
    )
    show_keys: bool = Field(
        default=True, description="Print generated keys at the first start of `up`; off where output is collected."
    )
    hash_secret: Annotated[SecretStr | None, AfterValidator(_secret)] = Field(
        None,
        description="Key of all hashes, 16 bytes or more; never change it on a store in use. Embedded: generated.",
    )

    model: str = Field("b2b", min_length=1, description="A shipped scoring model by name, or a model file.")
    source_quality: Annotated[str, AfterValidator(_source_quality)] = Field(
        "", description="`name:quality,…` per write key: opt_in, partner, bought or scraped."
    )
    default_region: str = Field("VN", pattern=r"^[A-Z]{2}$", description="Country of phone numbers without a prefix.")
    fold_gmail: bool = Field(default=False, description="Treat Gmail addresses with dots and +tags as one.")
    custom_ids: str = Field(
        "",
        pattern=r"^\s*([A-Za-z][A-Za-z0-9_]{0,63}\s*(,\s*|$))*$",
        description="Further identifier names in traits, comma-separated.",
    )
    blocked_values: Annotated[str, AfterValidator(_blocked_values)] = Field(
        "", description="Further identifier values that never identify, comma-separated; `/…/` is a regular expression."
    )

    rate_limit: int = Field(0, ge=0, description="Events a second per write key; 0 is no limit.")
    max_in_flight: int = Field(512, ge=1, description="Requests that the observer serves at once; beyond: 503.")
    max_event_bytes: int = Field(32 * 1024, ge=1024, description="Largest event; beyond: rejected, 413 when alone.")
    max_batch_bytes: int = Field(500 * 1024, ge=1024, description="Largest batch, decompressed; beyond: 413.")
    max_waiting_bytes: int = Field(
        64 * 1024 * 1024, ge=1024 * 1024, description="Bytes that may wait for the disk; beyond: 503."
    )
    max_lag: int = Field(
        100_000,
        ge=0,
        description="Records that may wait for processing in the same process; beyond: 503. 0 is no limit.",
    )
    max_rejected_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of the latest 1,000 records that a consumer may put aside because our code failed on them, "
        "from 100 on; beyond, it stops and says why. 1 never stops it.",
    )
    ack_timeout: float = Field(10.0, gt=0, description="Seconds that a request waits for the log; beyond: 503.")
    store_ip: bool = Field(default=False, description="Keep the client's address with web events.")
    trust_proxy: bool = Field(default=False, description="Take the client's address from X-Forwarded-For.")

    drain_timeout: float = Field(10.0, ge=0, description="Seconds that a stop may take to finish what was begun.")
    drain_delay: float = Field(
        1.0,
        ge=0,
        description="Of these, the seconds that a single service still takes requests, each the last of its "
        "connection, so that clients and balancers turn to others first. `up` takes none any more.",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto`: coloured on a terminal, JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least level that is logged."
    )

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """{write key: name}; empty when none is set."""
        return setting_values.write_keys(self.write_keys.get_secret_value()) if self.write_keys else {}

    @cached_property
    def qualities(self) -> Mapping[str, Quality]:
        """{name of a write key: the quality of what it sends}."""
        return setting_values.source_quality(self.source_quality)

    @property
    def traced(self) -> bool:
        """Whether traces are kept and sent."""
        return self.tracing != "off"

    @property
    def log_url(self) -> str:
        """Where the log is."""
        return self.log or f"sqlite:///{self.data / 'log.db'}"

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self.store or f"sqlite:///{self.data / 'store.db'}"


def load_settings(**given: object) -> Settings:
    """Read the environment; what is `given` and not None wins. SettingsError names every wrong variable."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            # What is wrong between several variables has no place of its own: the message names them.
            (f"{PREFIX}{'_'.join(map(str, problem['loc'])).upper()}: " if problem["loc"] else "")
            + problem["msg"].removeprefix("Value error, ")
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise SettingsError("\n".join(problems)) from None  # the cause would show the values


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each LEADFLOW_ variable that no setting reads: most likely a misspelling."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    sentences = []
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name not in known):
        close = difflib.get_close_matches(name, known, n=1)
        sentences.append(f"{name} is no setting" + (f": did you mean {close[0]}?" if close else ""))
    return tuple(sentences)
