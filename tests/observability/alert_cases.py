"""For each alert the series that make it fire, and the nearest ones that do not; promtool runs them minute by minute.

Series are in promtool's notation: `0+6x20` begins at 0 and grows by 6 a minute, 20 times; `_` is a missing sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Series = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """With `fires`, the alert fires `at` that time with that component; with `quiet`, it does not."""

    alert: str
    at: str
    component: str
    fires: Series
    quiet: Series
    severity: str = "warning"
    not_yet: str | None = field(default=None)
    """A time at which it does not fire although the series are those that make it fire."""
    every: str = "1m"
    """How often the rules are evaluated: hours take long minute by minute. Alerts look back 5 minutes for records."""


def _requests(errors: str, others: str) -> Series:
    return {
        'leadflow_observer_requests_total{path="/v1/batch",status="503"}': errors,
        'leadflow_observer_requests_total{path="/v1/batch",status="200"}': others,
        'leadflow_observer_requests_total{path="other",status="500"}': "0+1000x6000",
    }


def _process(**series: str) -> Series:
    """One process: who it is, and what else it tells. Names are those of the series."""
    who = '{job="leadflow",instance="a:1"'
    told = {f"{name}{who}}}": values for name, values in series.items()}
    return {f'leadflow_runtime_build_info{who},service="scoring",version="1"}}': "1x200", **told}


def _delays(in_time: str, all_of_them: str) -> Series:
    name = "leadflow_scoring_stage_change_seconds"
    return {f'{name}_bucket{{le="5.0"}}': in_time, f"{name}_count": all_of_them}


def _lag(records: str, pace: str) -> Series:
    return {
        'leadflow_scoring_lag_records{partition="0",instance="a"}': records,
        'leadflow_scoring_lag_records{partition="0",instance="b"}': records,  # tells the same
        "leadflow_scoring_records_total": pace,
    }


_FAST = "LeadflowIngestionBudgetBurnsFast"
_SLOW = "LeadflowIngestionBudgetBurnsSlowly"
_KINDS = "leadflow_observer_rejected_total"

CASES = (
    # 2 % of all requests, for an hour; then 1 % for an hour, which is below 14.4 x and too short for 6 x.
    Case(
        _FAST,
        "1h8m",
        "observer",
        _requests("0+2x90", "0+98x90"),
        _requests("0x60 0+1x4", "0+99x90"),
        "critical",
        every="4m",
    ),
    # 0.8 %: below 14.4 x and above 6 x, after the windows of 30 minutes and 6 hours hold it.
    Case(
        _FAST,
        "6h",
        "observer",
        _requests("0+8x400", "0+992x400"),
        _requests("0+5x400", "0+995x400"),
        "critical",
        every="4m",
    ),
    # Over by now: the hour still shows it, five minutes do not.
    Case(
        _FAST,
        "1h",
        "observer",
        _requests("0+10x70", "0+90x70"),
        _requests("0+10x20 200x50", "0+90x70"),
        "critical",
        not_yet="1m",
        every="4m",
    ),
    Case(
        _SLOW,
        "6h",
        "observer",
        _requests("0+2x400", "0+998x400"),
        _requests("0+1x400", "0+1999x400"),
        not_yet="10m",
        every="4m",
    ),
    Case(
        "LeadflowObserverSheds",
        "10m",
        "observer",
        {f'{_KINDS}{{code="behind"}}': "0x4 0+5x10"},
        {f'{_KINDS}{{code="behind"}}': "7x20", f'{_KINDS}{{code="rate_limited"}}': "0+5x20"},
        not_yet="6m",
    ),
    Case(
        "LeadflowAcknowledgementsLate",
        "7m",
        "observer",
        {f'{_KINDS}{{code="ack_timeout"}}': "0x4 1x10"},
        {f'{_KINDS}{{code="ack_timeout"}}': "1x20"},
        "critical",
    ),
    Case(
        "LeadflowAcknowledgementsLate",
        "10m",
        "observer",
        {
            'leadflow_observer_ack_seconds_bucket{le="1.0"}': "0+98x20",
            'leadflow_observer_ack_seconds_bucket{le="5.0"}': "0+100x20",
            'leadflow_observer_ack_seconds_bucket{le="+Inf"}': "0+100x20",
        },
        {
            'leadflow_observer_ack_seconds_bucket{le="1.0"}': "0+100x20",
            'leadflow_observer_ack_seconds_bucket{le="5.0"}': "0+100x20",
            'leadflow_observer_ack_seconds_bucket{le="+Inf"}': "0+100x20",
        },
        "critical",
    ),
    Case(
        "LeadflowEventsRejected",
        "40m",
        "observer",
        {f'{_KINDS}{{code="invalid_event"}}': "0+10x60", "leadflow_observer_events_total": "0+90x60"},
        {
            f'{_KINDS}{{code="invalid_event"}}': "0+4x60",
            f'{_KINDS}{{code="overloaded"}}': "0+50x60",
            "leadflow_observer_events_total": "0+96x60",
        },
        not_yet="10m",
        every="4m",
    ),
    Case(
        "LeadflowLossRisk",
        "3m",
        "scoring",
        {'leadflow_scoring_lag_seconds{partition="2"}': "302401x10", "leadflow_scoring_retention_seconds": "604800x10"},
        {'leadflow_scoring_lag_seconds{partition="2"}': "302400x10", "leadflow_scoring_retention_seconds": "604800x10"},
        "critical",
    ),
    Case(
        "LeadflowFlushesFail",
        "6m",
        "log",
        {'leadflow_log_flush_failures_total{file="store"}': "0x4 1x10"},
        {'leadflow_log_flush_failures_total{file="store"}': "1x20"},
        "critical",
    ),
    Case(
        "LeadflowTransactionsAbandoned",
        "6m",
        "log",
        {'leadflow_log_transactions_abandoned_total{topic="resolved"}': "0x4 1x10"},
        {'leadflow_log_transactions_abandoned_total{topic="resolved"}': "1x20"},
    ),
    Case(
        "LeadflowRebalanceStorm",
        "15m",
        "log",
        {'leadflow_log_rebalances_total{topic="resolved"}': "0+1x30"},
        {  # one deployment, seen by many
            'leadflow_log_rebalances_total{topic="resolved",instance="a"}': "0x5 5x20",
            'leadflow_log_rebalances_total{topic="resolved",instance="b"}': "0x5 5x20",
        },
    ),
    Case(
        "LeadflowProducersFenced",
        "6m",
        "log",
        {'leadflow_log_fences_total{topic="resolved"}': "0x4 1x10"},
        {'leadflow_log_fences_total{topic="resolved"}': "1x20"},
    ),
    Case(
        "LeadflowLagGrows",
        "35m",
        "scoring",
        _lag("1001+10x60", "0+100x60"),
        _lag("2000-10x60", "0+100x60"),
        not_yet="10m",
        every="4m",
    ),
    Case(
        "LeadflowBacklogDrainsSlowly",
        "15m",
        "scoring",
        _lag("1900x60", "0+120x60"),  # 2 a second
        _lag("1700x60", "0+120x60"),
    ),
    Case(
        "LeadflowHopStalled",
        "15m",
        "scoring",
        _lag("1x60", "0+5x4 20x60"),
        _lag("1x60", "0+5x60"),
        "critical",
        not_yet="8m",
    ),
    Case(
        "LeadflowHopRetries",
        "10m",
        "processor",
        {'leadflow_processor_retries_total{reason="store_unavailable"}': "0+1x20"},
        {'leadflow_processor_retries_total{reason="store_unavailable"}': "0x5 3x20"},
    ),
    Case(
        "LeadflowConsumerStopped",
        "2m",
        "consumer",
        {'leadflow_runtime_consumer_stopped{part="scoring:resolved"}': "_ 1x10"},
        {'leadflow_runtime_part_up{part="scoring:resolved"}': "1x10"},
        "critical",
    ),
    Case("LeadflowStageChangesLate", "15m", "scoring", _delays("0+94x60", "0+100x60"), _delays("0+96x60", "0+100x60")),
    Case(
        "LeadflowPoison",
        "6m",
        "resolver",
        {'leadflow_resolver_rejected_total{code="poison"}': "0x4 1x10"},
        {'leadflow_resolver_rejected_total{code="no_identifier"}': "0x4 1x10"},
    ),
    Case(
        "LeadflowDeadLetters",
        "6m",
        "processor",
        {'leadflow_processor_rejected_total{code="malformed_record"}': "0x4 1x10"},
        {'leadflow_processor_rejected_total{code="poison"}': "0x4 1x10"},
    ),
    Case(
        "LeadflowLeadsParked",
        "6m",
        "scoring",
        {'leadflow_scoring_parked_total{what="lead"}': "0x4 1x10"},
        {'leadflow_scoring_parked_total{what="lead"}': "1x20"},
    ),
    Case(
        "LeadflowMergesRefused",
        "30m",
        "resolver",
        {'leadflow_resolver_refusals_total{reason="limit"}': "0+3x60", "leadflow_resolver_merges_total": "0+7x60"},
        {'leadflow_resolver_refusals_total{reason="limit"}': "0+1x60", "leadflow_resolver_merges_total": "0+9x60"},
        every="4m",
    ),
    Case(
        "LeadflowStoreAway",
        "3m",
        "store",
        _process(leadflow_store_breaker_open="1x10"),
        _process(leadflow_store_breaker_open="0x10"),
        "critical",
    ),
    Case(
        "LeadflowStoreConflicts",
        "20m",
        "store",
        {"leadflow_store_conflicts_total": "0+660x60"},
        {"leadflow_store_conflicts_total": "0+540x60"},
        every="4m",
    ),
    Case(
        "LeadflowAdminErrors",
        "15m",
        "admin-api",
        {
            'leadflow_admin_requests_total{status="503"}': "0+2x60",
            'leadflow_admin_requests_total{status="200"}': "0+98x60",
        },
        {
            'leadflow_admin_requests_total{status="404"}': "0+50x60",
            'leadflow_admin_requests_total{status="200"}': "0+98x60",
        },
    ),
    Case("LeadflowAbsent", "10m", "process", {"up": "1x20"}, _process(), "critical", not_yet="4m"),
    Case(
        "LeadflowServiceAbsent",
        "20m",
        "process",
        {'leadflow_runtime_build_info{service="scoring"}': "1x4 _x40"},
        {
            'leadflow_runtime_build_info{service="scoring",instance="a"}': "1x4 _x40",
            'leadflow_runtime_build_info{service="scoring",instance="b"}': "1x40",
        },
        "critical",
    ),
    Case(
        "LeadflowTargetDown",
        "10m",
        "process",
        {**_process(up="1x4 0x20")},
        {'up{job="another",instance="b:1"}': "0x20", **_process(up="1x20")},
    ),
    Case(
        "LeadflowRestarts",
        "12m",
        "process",
        _process(process_start_time_seconds="1x2 2x2 3x2 4x20"),
        _process(process_start_time_seconds="1x2 2x2 3x20"),
    ),
    Case(
        "LeadflowNotReady",
        "7m",
        "process",
        _process(leadflow_runtime_ready="0x20"),
        _process(leadflow_runtime_ready="0x4 1x20"),
        "critical",
        not_yet="4m",
    ),
    Case(
        "LeadflowPartDown",
        "4m",
        "process",
        _process(leadflow_runtime_part_up="0x20"),
        _process(leadflow_runtime_part_up="1x20"),
    ),
    Case(
        "LeadflowMemoryNearLimit",
        "7m",
        "process",
        _process(process_resident_memory_bytes="91x20", leadflow_runtime_memory_limit_bytes="100x20"),
        _process(process_resident_memory_bytes="89x20", leadflow_runtime_memory_limit_bytes="100x20"),
    ),
    Case(
        "LeadflowCpuNearLimit",
        "25m",
        "process",
        _process(process_cpu_seconds_total="0+28x60", leadflow_runtime_cpu_limit_cores="0.5x60"),
        _process(process_cpu_seconds_total="0+28x60", leadflow_runtime_cpu_limit_cores="1x60"),
        every="4m",
    ),
)
