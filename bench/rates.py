"""The rates that sizing works with, taken from the history: for each the last run that measured it.

`python -m bench --rates` writes them into the package, with commit, time and the command that prints each.
"""

import importlib.resources
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.report import Run
from leadflow.core.sizing import Rate, Rates

RATES = Path(str(importlib.resources.files("leadflow.core.sizing"))) / "rates.json"


class Source(NamedTuple):
    """Where a rate comes from: a figure, the detail behind it, its unit, and the part of the benchmarks."""

    figure: str
    detail: str
    unit: str
    part: str


_SMALL, _STORE = "small", "documents"
SOURCES: Mapping[str, Source] = {
    "observer_us": Source("kafka/R1/32", "observer_cpu_us", "us", "kafka"),
    "observer_batched_us": Source("kafka/R2", "observer_cpu_us", "us", "kafka"),
    "observer_small_us": Source("small/observer", "cpu_us", "us", _SMALL),
    "processor_us": Source("kafka/single", "processor_cpu_us", "us", "kafka"),
    "processor_small_us": Source("small/processor", "cpu_us", "us", _SMALL),
    "processor_idle_cores": Source("small/processor", "idle_cores", "cores", _SMALL),
    "scoring_us": Source("kafka/single", "scoring_cpu_us", "us", "kafka"),
    "scoring_small_us": Source("small/scoring", "cpu_us", "us", _SMALL),
    "scoring_idle_cores": Source("small/scoring", "idle_cores", "cores", _SMALL),
    "resolver_us": Source("resolver", "resolver_cpu_us", "us", "hops"),
    "broker_us": Source("kafka/single", "broker_cpu_us", "us", "kafka"),
    "observer_mb": Source("small/observer", "rss_mb", "MB", _SMALL),
    "processor_mb": Source("small/processor", "rss_mb", "MB", _SMALL),
    "scoring_mb": Source("small/scoring", "rss_mb", "MB", _SMALL),
    "admin_api_mb": Source("small/admin-api", "rss_mb", "MB", _SMALL),
    "log_touchpoints_bytes": Source("small/log", "touchpoints", "bytes", _SMALL),
    "log_identity_bytes": Source("small/log", "identity", "bytes", _SMALL),
    "log_resolved_bytes": Source("small/log", "resolved", "bytes", _SMALL),
    "log_lead_scores_bytes": Source("small/log", "lead-scores", "bytes", _SMALL),
    "log_stage_changes_bytes": Source("small/log", "stage-changes", "bytes", _SMALL),
    "evidence": Source("store/touchpoint", "evidence", "records", _STORE),
    "documents_read": Source("store/touchpoint", "read", "documents", _STORE),
    "documents_inserted": Source("store/touchpoint", "inserted", "documents", _STORE),
    "documents_replaced": Source("store/touchpoint", "replaced", "documents", _STORE),
    "database_bytes": Source("store/touchpoint", "written_bytes", "bytes", _STORE),
    "database_requests": Source("store/touchpoint", "requests_in_tiny_batches", "requests", _STORE),
    "touchpoint_bytes": Source("store/touchpoints", "stored_bytes", "bytes", _STORE),
    "touchpoint_index_bytes": Source("store/touchpoints", "index_bytes", "bytes", _STORE),
    "touchpoint_sent_bytes": Source("store/touchpoints", "sent_bytes", "bytes", _STORE),
    "lead_bytes": Source("store/leads", "stored_bytes", "bytes", _STORE),
    "lead_index_bytes": Source("store/leads", "index_bytes", "bytes", _STORE),
    "lead_sent_bytes": Source("store/leads", "sent_bytes", "bytes", _STORE),
    "profile_bytes": Source("store/profiles", "stored_bytes", "bytes", _STORE),
    "profile_index_bytes": Source("store/profiles", "index_bytes", "bytes", _STORE),
    "identity_bytes": Source("store/identities", "stored_bytes", "bytes", _STORE),
    "identity_index_bytes": Source("store/identities", "index_bytes", "bytes", _STORE),
    "identities": Source("store/identities", "each_profile", "documents", _STORE),
    "ack_ms": Source("small/times", "ack", "ms", _SMALL),
    "processor_batch_ms": Source("small/times", "processor_batch", "ms", _SMALL),
    "resolver_batch_ms": Source("small/times", "resolver_batch", "ms", _SMALL),
    "scoring_batch_ms": Source("small/times", "scoring_batch", "ms", _SMALL),
    "end_to_end_ms": Source("small/times", "scoring_end_to_end", "ms", _SMALL),
    "embedded_us": Source("embedded/single", "cpu_us", "us", "embedded"),
    "embedded_batched_us": Source("embedded/batch", "cpu_us", "us", "embedded"),
    "embedded_mb": Source("overload/p99", "rss_mb", "MB", "overload"),
}


def rates_of(history: Sequence[Run]) -> Rates:
    """Collect the rates. LookupError names what no run has measured."""
    taken = {name: _rate(source, history) for name, source in SOURCES.items()}
    machine = history[-1]["machine"]
    described = (
        f"{machine['cores']} cores {machine['processor']}, {machine['memory_gb']:.0f} GB, Python {machine['python']}"
    )
    return Rates(machine=described, **taken)


def write_rates(history: Sequence[Run]) -> Path:
    """Write the rates into the package; where."""
    RATES.write_bytes(msgspec.json.format(msgspec.json.encode(rates_of(history)), indent=1) + b"\n")
    return RATES


def _rate(source: Source, history: Sequence[Run]) -> Rate:
    machine = history[-1]["machine"]["processor"]
    for run in reversed(history):
        details = run["detail"].get(source.figure, {})
        if source.detail in details and run["machine"]["processor"] == machine:
            return Rate(
                value=details[source.detail],
                unit=source.unit,
                figure=f"{source.figure} {source.detail}",
                command=f"python -m bench --part {source.part}",
                commit=run["commit"],
                at=run["at"],
            )
    raise LookupError(f"no run in the history has {source.figure} with {source.detail}: --part {source.part} --record")
