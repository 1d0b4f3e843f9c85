"""One small machine, everything in one process: whether it carries the same workload."""

from dataclasses import dataclass

from leadflow.core.sizing.assumptions import FILL, UTILISATION
from leadflow.core.sizing.rates import Rates
from leadflow.core.sizing.workload import Workload

CORES = 2
"""One for the process, one for the system, the disk and what else runs."""
GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallMachine:
    """Touchpoints a second that one process carries at the planned utilisation; the disk for the same history."""

    carries: float
    peak: float
    disk_gib: float
    memory_mb: float

    @property
    def fits(self) -> bool:
        """Whether the peak is carried."""
        return self.carries >= self.peak

    def sentence(self) -> str:
        """Say it."""
        return (
            f"One machine of {CORES} cores, embedded: one process carries {self.carries:,.0f} touchpoints/s at "
            f"{100 * UTILISATION:.0f} % of a core, "
            + (
                f"{self.carries / self.peak:,.1f} x this peak"
                if self.fits
                else f"less than this peak of {self.peak:,.0f}"
            )
            + f"; {self.memory_mb:,.0f} MB were seen under overload; the history takes {self.disk_gib:,.0f} GiB "
            "uncompressed. It has no fail-over."
        )


def small_machine(workload: Workload, rates: Rates) -> SmallMachine:
    """Compare the peak with what the embedded pipeline was measured to do."""
    batched = workload.batched_share
    cost = (1 - batched) * rates.embedded_us.value + batched * rates.embedded_batched_us.value
    document = rates.touchpoint_sent_bytes.value + rates.touchpoint_index_bytes.value
    lead = rates.lead_sent_bytes.value + rates.lead_index_bytes.value
    disk = (workload.history * document + workload.profiles * lead) / FILL / GIB
    return SmallMachine(
        carries=UTILISATION * 1e6 / cost, peak=workload.peak, disk_gib=disk, memory_mb=rates.embedded_mb.value
    )
