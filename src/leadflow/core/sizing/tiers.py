"""The tiers that are shipped: their workloads, and the bounds that the smaller ones must stay within."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from leadflow.core.sizing.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Cores, GB of memory and GB of disk, all pods together."""

    cores: float
    memory_gb: float
    disk_gb: float

    def __mul__(self, count: int) -> "Room":
        """So many machines of this kind."""
        return Room(cores=count * self.cores, memory_gb=count * self.memory_gb, disk_gb=count * self.disk_gb)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What a tier may use at most: the observers, processor and scoring together, the database, the admin API."""

    observer: Room
    workers: Room
    database: Room
    admin: Room


@dataclass(frozen=True, slots=True)
class Tier:
    """A workload by name; `ceiling` None: as much as it needs."""

    name: str
    workload: Workload
    ceiling: Ceiling | None


_OBSERVER = Room(cores=4, memory_gb=8, disk_gb=20)
_WORKER = Room(cores=4, memory_gb=8, disk_gb=120)
_DATABASE = Room(cores=8, memory_gb=16, disk_gb=500)
_ADMIN = Room(cores=4, memory_gb=8, disk_gb=40)
_TO_1M = Ceiling(observer=_OBSERVER * 2, workers=_WORKER, database=_DATABASE, admin=_ADMIN)
_TO_2M = Ceiling(observer=_OBSERVER * 4, workers=_WORKER * 2, database=_DATABASE * 2, admin=_ADMIN * 2)

TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        tier.name: tier
        for tier in (
            Tier("100k", Workload(profiles=100_000, availability="pods"), _TO_1M),
            Tier("1m", Workload(profiles=1_000_000, availability="pods"), _TO_1M),
            Tier("2m", Workload(profiles=2_000_000, availability="servers"), _TO_2M),
            Tier("10m", Workload(profiles=10_000_000, availability="servers"), None),
        )
    }
)
