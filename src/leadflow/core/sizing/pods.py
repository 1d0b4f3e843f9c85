"""Pods of our own services: how many, and what each asks for.

How many follows from what a full process carries, in large batches; what one asks for from what it uses at the peak
of the tier, where batches are small and each record costs more.
"""

from dataclasses import dataclass
from math import ceil

from leadflow.core.sizing.assumptions import BACKLOG_MIB, MEMORY_MARGIN, POD_CORES, UTILISATION, WAITING_MIB
from leadflow.core.sizing.rates import Rates
from leadflow.core.sizing.reasoned import Reasoned, percent, up_to
from leadflow.core.sizing.workload import Workload

LEAST_CORES = 0.1
CORES_STEP = 0.05
MEMORY_STEP_MIB = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a process costs: microseconds a touchpoint when full and where batches are small; MB; cores when idle."""

    name: str
    full_us: float
    small_us: float
    idle_cores: float
    memory_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """`replicas` carry the peak with one lost, if one may be; an autoscaler may go to `most_replicas`.

    Cores and MiB of a pod: `cores` and `memory_mib` are asked for, `limit_cores` and twice the memory are the limits.
    """

    name: str
    replicas: int
    most_replicas: int
    cores: float
    limit_cores: float
    memory_mib: int
    carries: float
    """Touchpoints a second that one pod carries at the planned utilisation."""
    reasons: tuple[Reasoned, ...]

    @property
    def limit_mib(self) -> int:
        """The most memory that a pod may have."""
        return 2 * self.memory_mib


def loads(workload: Workload, rates: Rates) -> tuple[Load, Load, Load]:
    """What observer, processor (with the resolver) and scoring cost for this mix."""
    single = 1 - workload.batched_share
    observer_us = single * rates.observer_us.value + workload.batched_share * rates.observer_batched_us.value
    observer = Load(
        name="observer",
        full_us=observer_us,
        small_us=max(observer_us, single * rates.observer_small_us.value),
        idle_cores=0.0,
        memory_mb=rates.observer_mb.value,
    )
    processor = Load(
        name="processor",
        full_us=rates.processor_us.value,
        small_us=max(rates.processor_us.value, rates.processor_small_us.value),
        idle_cores=rates.processor_idle_cores.value,
        memory_mb=rates.processor_mb.value,
    )
    scoring = Load(
        name="scoring",
        full_us=rates.scoring_us.value,
        small_us=max(rates.scoring_us.value, rates.scoring_small_us.value),
        idle_cores=rates.scoring_idle_cores.value,
        memory_mb=rates.scoring_mb.value,
    )
    return observer, processor, scoring


def carries(load: Load) -> float:
    """Touchpoints a second that one process carries at the planned utilisation of its core."""
    return UTILISATION * POD_CORES * 1e6 / load.full_us


def pods(load: Load, workload: Workload, *, partitions: int = 0, most: int | None = None) -> Pods:
    """Size one service. `partitions` to share, 0: requests; `most`: the pods that a ceiling leaves room for."""
    one = carries(load)
    needed = ceil(workload.peak / one)
    spare = 0 if workload.availability == "none" else 1
    replicas = needed + spare
    used = min(POD_CORES, load.idle_cores + workload.peak / needed * load.small_us / 1e6)
    cores = min(POD_CORES, max(LEAST_CORES, up_to(used / UTILISATION, CORES_STEP)))
    # With one pod lost, the rest share its partitions.
    held = BACKLOG_MIB * ceil(partitions / needed) if partitions else WAITING_MIB
    memory = int(up_to(load.memory_mb * MEMORY_MARGIN + held, MEMORY_STEP_MIB))
    bounds = (2 * replicas, *((partitions,) if partitions else ()), *(() if most is None else (most,)))
    most_replicas = max(replicas, min(bounds))
    reasons = (
        Reasoned(
            f"{load.name}: pods",
            f"{replicas} (up to {most_replicas})",
            f"a pod carries {one:,.0f}/s: {percent(UTILISATION)} of a core at {load.full_us:.0f} us a touchpoint; "
            f"the peak of {workload.peak:,.0f}/s needs {needed}" + (", and one may be lost" if spare else ""),
        ),
        Reasoned(
            f"{load.name}: a pod's CPU",
            f"{cores:.2f}, limit {POD_CORES:g}",
            f"{used:.2f} cores at the peak in small batches ({load.small_us:.0f} us), at {percent(UTILISATION)}; "
            "a process uses one core at most",
        ),
        Reasoned(
            f"{load.name}: a pod's memory",
            f"{memory} MiB, limit {2 * memory}",
            f"{load.memory_mb:.0f} MB after full load, times {MEMORY_MARGIN:g}, and {held} MiB for "
            + ("a backlog of its partitions" if partitions else "what waits for the brokers"),
        ),
    )
    return Pods(
        name=load.name,
        replicas=replicas,
        most_replicas=most_replicas,
        cores=cores,
        limit_cores=POD_CORES,
        memory_mib=memory,
        carries=one,
        reasons=reasons,
    )


def admin_pods(workload: Workload, rates: Rates) -> Pods:
    """Size the admin API: people ask it, not visitors, so it is as many as availability wants."""
    replicas = 1 if workload.availability == "none" else 2
    memory = int(up_to(rates.admin_api_mb.value * MEMORY_MARGIN, MEMORY_STEP_MIB))
    reasons = (
        Reasoned("admin-api: pods", f"{replicas}", "people use it, not visitors: as many as availability asks for"),
        Reasoned(
            "admin-api: a pod's memory",
            f"{memory} MiB, limit {2 * memory}",
            f"{rates.admin_api_mb.value:.0f} MB after full load, times {MEMORY_MARGIN:g}",
        ),
    )
    return Pods(
        name="admin-api",
        replicas=replicas,
        most_replicas=replicas,
        cores=LEAST_CORES,
        limit_cores=POD_CORES,
        memory_mib=memory,
        carries=0.0,
        reasons=reasons,
    )
