"""Measured rates: each with the unit, the command that prints it, when and on which commit; the machine stands once."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One figure: `command` prints it as `figure` (a name of the benchmarks and the detail behind it)."""

    value: float
    unit: str
    figure: str
    command: str
    commit: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """CPU in microseconds a touchpoint, memory in megabytes of a process, bytes a touchpoint or a document.

    `…_us`: at full load, in large batches. `…_small_us`: at the rate of a tier, where a batch is a record or a few.
    `…_idle_cores`: what a process uses while nothing comes. Over Kafka, the store in SQLite, whose client is dearer.
    `…_ms`: mean times at the rate of a tier: of an acknowledgement, of a batch from fetch to commit, and from receipt
    until scored (`end_to_end_ms`, which nothing is computed from: the simulation is compared with it).
    """

    machine: str
    observer_us: Rate
    observer_batched_us: Rate
    observer_small_us: Rate
    processor_us: Rate
    processor_small_us: Rate
    processor_idle_cores: Rate
    scoring_us: Rate
    scoring_small_us: Rate
    scoring_idle_cores: Rate
    resolver_us: Rate
    broker_us: Rate
    observer_mb: Rate
    processor_mb: Rate
    scoring_mb: Rate
    admin_api_mb: Rate
    log_touchpoints_bytes: Rate
    log_identity_bytes: Rate
    log_resolved_bytes: Rate
    log_lead_scores_bytes: Rate
    log_stage_changes_bytes: Rate
    evidence: Rate
    documents_read: Rate
    documents_inserted: Rate
    documents_replaced: Rate
    database_bytes: Rate
    database_requests: Rate
    touchpoint_bytes: Rate
    touchpoint_index_bytes: Rate
    touchpoint_sent_bytes: Rate
    lead_bytes: Rate
    lead_index_bytes: Rate
    lead_sent_bytes: Rate
    profile_bytes: Rate
    profile_index_bytes: Rate
    identity_bytes: Rate
    identity_index_bytes: Rate
    identities: Rate
    ack_ms: Rate
    processor_batch_ms: Rate
    resolver_batch_ms: Rate
    scoring_batch_ms: Rate
    end_to_end_ms: Rate
    embedded_us: Rate
    embedded_batched_us: Rate
    embedded_mb: Rate


def read_rates(text: bytes) -> Rates:
    """Read the file of rates. msgspec.ValidationError names what is missing or wrong."""
    return msgspec.json.decode(text, type=Rates)


@lru_cache(maxsize=1)
def shipped_rates() -> Rates:
    """Return the rates that were measured when this version was made."""
    return read_rates(resources.files("leadflow.core.sizing").joinpath("rates.json").read_bytes())
