"""What an operator decides about intake. Bytes are counted after decompression."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadflow.core.touchpoint import Quality


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """Who sends with a write key: the name becomes the `source` of a touchpoint."""

    name: str
    quality: Quality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverSettings:
    """Keys and limits. `write_keys`: write key → source; times in seconds."""

    write_keys: Mapping[str, SourceConfig]
    max_event_bytes: int = 32 * 1024
    max_batch_bytes: int = 500 * 1024
    max_batch_events: int = 10_000
    max_nesting: int = 64
    rate_limit: float = 0.0  # events a second and write key; 0: off
    max_in_flight: int = 512  # requests being read or waiting for the log
    max_in_flight_bytes: int = 64 * 1024 * 1024  # of their bodies, as announced
    store_ip: bool = False
    trust_proxy: bool = False  # the first X-Forwarded-For is the client
    ack_timeout: float = 10.0  # for the log's acknowledgement
    body_timeout: float = 30.0  # for the rest of a body that does not come at once
