"""Kafka: brokers, copies, disks. It stands outside the tiers' table, and has to be somewhere all the same."""

from dataclasses import dataclass
from math import ceil

from leadflow.core.sizing.assumptions import BROKER_GIB, FILL, MOST_BROKER_GIB, UTILISATION
from leadflow.core.sizing.rates import Rates
from leadflow.core.sizing.reasoned import Reasoned, percent, up_to
from leadflow.core.sizing.workload import SECONDS_PER_DAY, Workload

STAGE_CHANGE_DAYS = 90
LEAST_GIB, GIB_STEP = 10, 10
CORES_STEP = 0.5
GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokers:
    """`disk_gib`, `cores` and `memory_gib` are of one broker; `written` bytes a second at the peak, before copies."""

    replicas: int
    copies: int
    disk_gib: int
    cores: float
    memory_gib: int
    written: float
    kept_gib: float
    reasons: tuple[Reasoned, ...]


def brokers(workload: Workload, rates: Rates) -> Brokers:
    """Size the cluster that keeps the log."""
    by_age = rates.log_touchpoints_bytes.value + rates.log_identity_bytes.value + rates.log_resolved_bytes.value
    changes, scores = rates.log_stage_changes_bytes.value, rates.log_lead_scores_bytes.value
    daily = workload.mean * SECONDS_PER_DAY
    # A compacted topic holds the latest score of each profile, and as much again before it is compacted.
    kept = daily * (by_age * workload.retention_days + changes * STAGE_CHANGE_DAYS) + 2 * scores * workload.profiles
    least = 1 if workload.availability == "none" else 3
    copies = least
    all_gib = kept * copies / FILL / GIB
    cores = workload.peak * rates.broker_us.value * copies / 1e6 / UTILISATION
    replicas = max(least, ceil(all_gib / MOST_BROKER_GIB))
    disk = int(max(LEAST_GIB, up_to(all_gib / replicas, GIB_STEP)))
    each = max(CORES_STEP, up_to(cores / replicas, CORES_STEP))
    written = workload.peak * (by_age + changes + scores)
    return Brokers(
        replicas=replicas,
        copies=copies,
        disk_gib=disk,
        cores=each,
        memory_gib=BROKER_GIB,
        written=written,
        kept_gib=kept / GIB,
        reasons=(
            Reasoned(
                "Kafka: brokers",
                f"{replicas}, {copies} copies",
                ("one may be lost and two copies still agree" if copies > 1 else "none may be lost")
                + f"; {written / 1e3:,.0f} kB/s at the peak before copies",
            ),
            Reasoned(
                "Kafka: a broker's disk",
                f"{disk} GiB",
                f"{kept / GIB:,.1f} GiB ({by_age:.0f} B a touchpoint for {workload.retention_days} days, "
                f"{changes:.0f} B for {STAGE_CHANGE_DAYS}, the latest scores) x {copies} copies, {percent(FILL)} full",
            ),
            Reasoned(
                "Kafka: a broker's CPU, memory",
                f"{each:g}, {BROKER_GIB} GiB",
                f"{rates.broker_us.value:.0f} us a touchpoint and copy at the peak, at {percent(UTILISATION)}; "
                "memory is a rule, not measured",
            ),
        ),
    )
