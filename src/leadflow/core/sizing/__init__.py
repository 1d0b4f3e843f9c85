"""From a workload and measured rates to pods, partitions, disks and database: arithmetic, each number with its why.

`plan(workload, rates)` is the whole of it. Rates are measured (`rates.json`, written by the benchmarks); what could not
be measured is an assumption, and has its place in `assumptions`, so that nobody takes one for the other.
"""

from leadflow.core.sizing.plan import Plan, plan
from leadflow.core.sizing.rates import Rate, Rates, read_rates, shipped_rates
from leadflow.core.sizing.tiers import TIERS
from leadflow.core.sizing.workload import Availability, SizingError, Workload

__all__ = [
    "TIERS",
    "Availability",
    "Plan",
    "Rate",
    "Rates",
    "SizingError",
    "Workload",
    "plan",
    "read_rates",
    "shipped_rates",
]
