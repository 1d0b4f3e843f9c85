"""The whole plan: from a workload and the rates to everything that has to be there."""

from dataclasses import dataclass
from math import ceil

from leadflow.core.sizing.assumptions import POD_CORES
from leadflow.core.sizing.brokers import Brokers, brokers
from leadflow.core.sizing.database import Database, database
from leadflow.core.sizing.milestones import Milestone, milestones
from leadflow.core.sizing.partitions import IdentityLog, identity_log, partitions
from leadflow.core.sizing.pods import Pods, admin_pods, loads, pods
from leadflow.core.sizing.rates import Rates
from leadflow.core.sizing.reasoned import Reasoned
from leadflow.core.sizing.small_machine import SmallMachine, small_machine
from leadflow.core.sizing.tiers import Ceiling
from leadflow.core.sizing.workload import SizingError, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a workload takes. `milestones`: what changes with more profiles, and where."""

    workload: Workload
    observer: Pods
    processor: Pods
    scoring: Pods
    admin_api: Pods
    partitions: int
    identity: IdentityLog
    brokers: Brokers
    database: Database
    small_machine: SmallMachine
    milestones: tuple[Milestone, ...]
    reasons: tuple[Reasoned, ...]

    @property
    def services(self) -> tuple[Pods, ...]:
        """Our own pods."""
        return self.observer, self.processor, self.scoring, self.admin_api

    @property
    def headroom(self) -> float:
        """How many times the peak the tightest service carries at the planned utilisation, with all pods there."""
        return min(one.carries * one.replicas for one in self.services[:3]) / self.workload.peak

    @property
    def headroom_after_loss(self) -> float:
        """The same with one pod lost."""
        return min(one.carries * (one.replicas - 1) for one in self.services[:3]) / self.workload.peak


def plan(workload: Workload, rates: Rates, ceiling: Ceiling | None = None) -> Plan:
    """Size everything; a ceiling holds autoscalers back. SizingError where one installation cannot carry it."""
    observer_load, processor_load, scoring_load = loads(workload, rates)
    identity, identity_why = identity_log(workload, rates)
    if identity.load > 1:
        raise SizingError(
            f"{identity.evidence:,.0f} pieces of evidence a second at the peak, and the one log of identity decides "
            f"{identity.bound:,.0f}: share the profiles among {ceil(identity.load)} installations, each a workspace of "
            "its own (identity is one log per workspace, and an installation is one workspace)"
        )
    slowest = max(processor_load, scoring_load, key=lambda load: load.full_us)
    count, partitions_why = partitions(slowest, workload)
    most_observers = None if ceiling is None else int(ceiling.observer.cores / POD_CORES)
    most_workers = None if ceiling is None else int(ceiling.workers.cores / POD_CORES / 2)
    observer = pods(observer_load, workload, most=most_observers)
    processor = pods(processor_load, workload, partitions=count, most=most_workers)
    scoring = pods(scoring_load, workload, partitions=count, most=most_workers)
    admin_api = admin_pods(workload, rates)
    kafka, store = brokers(workload, rates), database(workload, rates)
    traffic = Reasoned(
        "touchpoints",
        f"{workload.peak:,.1f}/s at the peak",
        f"{workload.profiles:,} profiles x {workload.touchpoints_per_month:g} a month are {workload.mean:,.1f}/s, "
        f"times {workload.peak_factor:g}; {workload.peak_requests:,.1f} requests/s",
    )
    return Plan(
        workload=workload,
        observer=observer,
        processor=processor,
        scoring=scoring,
        admin_api=admin_api,
        partitions=count,
        identity=identity,
        brokers=kafka,
        database=store,
        small_machine=small_machine(workload, rates),
        milestones=milestones(workload, slowest, identity, kafka, store),
        reasons=(
            traffic,
            *observer.reasons,
            *processor.reasons,
            *scoring.reasons,
            *admin_api.reasons,
            partitions_why,
            identity_why,
            *kafka.reasons,
            *store.reasons,
        ),
    )
