"""What changes with more profiles of the same kind, and at how many: every bound follows from rates and policies."""

from dataclasses import dataclass

from leadflow.core.sizing.assumptions import FILL, MOST_BROKER_GIB, MOST_SERVER_GIB, SKEW, TIERED_STORAGE_GIB
from leadflow.core.sizing.brokers import Brokers
from leadflow.core.sizing.database import Database
from leadflow.core.sizing.partitions import LADDER, IdentityLog
from leadflow.core.sizing.pods import Load, carries
from leadflow.core.sizing.workload import MOST_PROFILES, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Beyond `profiles` the plan is another one; `reached`: this workload is beyond."""

    profiles: float
    reached: bool
    what: str
    why: str


def milestones(
    workload: Workload, slowest: Load, identity: IdentityLog, kafka: Brokers, store: Database
) -> tuple[Milestone, ...]:
    """List what changes, nearest first, as far as there are people."""
    log_gib = kafka.kept_gib * kafka.copies / FILL
    found = (
        _milestone(
            workload,
            MOST_SERVER_GIB * FILL / store.data_gib,
            "a sharded database instead of OneShard (LEADFLOW_ARANGO_SHARDED before the first init; fixed)",
            f"a copy outgrows {MOST_SERVER_GIB} GiB; lists and timelines then ask every server",
        ),
        _milestone(
            workload,
            kafka.copies * MOST_BROKER_GIB / log_gib,
            f"more than {kafka.copies} brokers",
            f"a broker's disk outgrows {MOST_BROKER_GIB} GiB",
        ),
        _milestone(
            workload,
            TIERED_STORAGE_GIB / log_gib,
            "the older part of the log in tiered storage, or a shorter retention",
            f"the log with its copies outgrows {TIERED_STORAGE_GIB} GiB",
        ),
        _milestone(
            workload,
            LADDER[-1] / SKEW * carries(slowest) / workload.peak,
            "several installations, for want of partitions",
            f"{LADDER[-1]} partitions, the fullest with {SKEW:g} x the mean, feed no more processes of {slowest.name}",
        ),
        _milestone(
            workload,
            1 / identity.load,
            "several installations, each a workspace (a region, a brand): identity is one log per workspace",
            f"one core decides {identity.bound:,.0f} pieces of evidence a second, in order",
        ),
    )
    return tuple(sorted((one for one in found if one.profiles <= MOST_PROFILES), key=lambda one: one.profiles))


def _milestone(workload: Workload, times: float, what: str, why: str) -> Milestone:
    """Something that happens at so many times the profiles of this workload."""
    return Milestone(profiles=workload.profiles * times, reached=times < 1, what=what, why=why)
