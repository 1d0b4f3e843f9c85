"""Partitions of each topic but `identity`: fixed for life, so counted for growth; and the one log of identity."""

from dataclasses import dataclass
from math import ceil

from leadflow.core.sizing.assumptions import GROWTH, SKEW, UTILISATION
from leadflow.core.sizing.pods import Load, carries
from leadflow.core.sizing.rates import Rates
from leadflow.core.sizing.reasoned import Reasoned, percent
from leadflow.core.sizing.workload import SizingError, Workload

LADDER = (12, 24, 48, 96, 192, 240)
"""Counts with many divisors, so that 2, 3, 4, 6 and 12 processes share them evenly; LEADFLOW_PARTITIONS ends at 256."""


@dataclass(frozen=True, slots=True)
class IdentityLog:
    """Evidence a second that comes at the peak, and that one resolver decides at the planned utilisation."""

    evidence: float
    bound: float

    @property
    def load(self) -> float:
        """The share of the bound that is used."""
        return self.evidence / self.bound


def partitions(slowest: Load, workload: Workload) -> tuple[int, Reasoned]:
    """Count partitions. SizingError where no count that the settings allow is enough."""
    processes = workload.peak * GROWTH / carries(slowest)
    needed = max(1, ceil(processes * SKEW))
    why = (
        f"fixed for life: {GROWTH:g} x the peak needs {processes:.1f} processes of {slowest.name}, "
        f"and the fullest partition gets {SKEW:g} x the mean"
    )
    for count in LADDER:
        if count >= needed:
            return count, Reasoned("partitions", f"{count}", f"{why}: {needed} or more")
    raise SizingError(
        f"{why}: {needed} partitions, and {LADDER[-1]} is the most that is planned for; "
        "share the profiles among several installations"
    )


def identity_log(workload: Workload, rates: Rates) -> tuple[IdentityLog, Reasoned]:
    """Compare the evidence at the peak with what one core decides in order."""
    log = IdentityLog(workload.peak * rates.evidence.value, UTILISATION * 1e6 / rates.resolver_us.value)
    return log, Reasoned(
        "identity's one log",
        percent(log.load),
        f"{log.evidence:,.1f} pieces of evidence a second at the peak ({rates.evidence.value:.2f} a touchpoint), and "
        f"one core decides {log.bound:,.0f}/s ({rates.resolver_us.value:.0f} us each, {percent(UTILISATION)} used)",
    )
