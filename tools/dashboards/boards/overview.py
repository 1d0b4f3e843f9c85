"""The pipeline from end to end: is everything well, and where not."""

from tools.dashboards.boards.shared import processes
from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import largest, quantile, rate, rise, selected, total

_END_TO_END = "From receiving a touchpoint until the hop has committed it, 99 % within."

BOARD = Board(
    "overview",
    "Pipeline",
    "What comes in, how fast it becomes stage changes, what waits, and what is in trouble.",
    [
        Row(
            "Now",
            [
                Panel(
                    "Alerts that fire",
                    "Each has a section in docs/operations.md.",
                    {'count(ALERTS{alertname=~"Leadflow.*", alertstate="firing"}) or vector(0)': ""},
                    kind="stat",
                    width=4,
                    height=4,
                    bad=1,
                ),
                Panel(
                    "Processes ready",
                    "Processes that can do their work now.",
                    {total("leadflow_runtime_ready"): ""},
                    kind="stat",
                    width=4,
                    height=4,
                ),
                Panel(
                    "Events taken",
                    "Durable events a second.",
                    {rate("leadflow_observer_events_total"): ""},
                    "cps",
                    kind="stat",
                    width=4,
                    height=4,
                ),
                Panel(
                    "Requests failed, 1 h",
                    "Share of requests answered with 5xx within an hour; 0.1 % over 30 days is promised.",
                    {selected("leadflow:ingestion_errors:ratio_rate1h"): ""},
                    "percentunit",
                    kind="stat",
                    width=4,
                    height=4,
                    poor=0.001,
                    bad=0.0144,
                ),
                Panel(
                    "Stage change, p99",
                    "From receiving a touchpoint to the stage change that it caused; 5 s are promised.",
                    {selected("leadflow:stage_change_seconds:p99_5m"): ""},
                    "s",
                    kind="stat",
                    width=4,
                    height=4,
                    poor=2,
                    bad=5,
                ),
                Panel(
                    "Records that wait",
                    "Of all hops.",
                    {f"sum({selected('leadflow:lag_records:max')})": ""},
                    kind="stat",
                    width=4,
                    height=4,
                ),
            ],
        ),
        Row(
            "In",
            [
                Panel(
                    "Events by type",
                    "Durable events a second.",
                    {rate("leadflow_observer_events_total", "type"): "{{type}}"},
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "Requests by status",
                    "Requests answered a second, those to unknown paths left out.",
                    {rate("leadflow_observer_requests_total", "status", 'path!="other"'): "{{status}}"},
                    "reqps",
                    stacked=True,
                ),
                Panel(
                    "Error budget",
                    "Share of requests answered with 5xx. Dashed: 14.4 times what is promised.",
                    {
                        selected("leadflow:ingestion_errors:ratio_rate5m"): "5 m",
                        selected("leadflow:ingestion_errors:ratio_rate1h"): "1 h",
                        selected("leadflow:ingestion_errors:ratio_rate6h"): "6 h",
                        selected("leadflow:ingestion_errors:ratio_rate3d"): "3 d",
                    },
                    "percentunit",
                    bad=0.0144,
                ),
            ],
        ),
        Row(
            "Delay and backlog",
            [
                Panel(
                    "End to end, p99",
                    _END_TO_END,
                    {
                        quantile(0.99, "leadflow_processor_end_to_end_seconds"): "processor",
                        quantile(0.99, "leadflow_scoring_end_to_end_seconds"): "scoring",
                        quantile(0.99, "leadflow_scoring_stage_change_seconds"): "stage change",
                    },
                    "s",
                ),
                Panel(
                    "Records that wait, by hop",
                    "Between the committed offsets and the ends of the partitions.",
                    {selected("leadflow:lag_records:max"): "{{hop}}"},
                ),
                Panel(
                    "Time to drain",
                    "How long the backlog takes at the present pace, if nothing more comes.",
                    {selected("leadflow:drain_seconds"): "{{hop}}"},
                    "s",
                ),
                Panel(
                    "Age of the oldest record",
                    "How long the oldest record of each hop has been waiting.",
                    {selected("leadflow:lag_seconds:max"): "{{hop}}"},
                    "s",
                ),
                Panel(
                    "Retention used",
                    "That age as a share of what the log keeps: at 1 records are lost. Dashed: the alert.",
                    {
                        f"{selected('leadflow:lag_seconds:max')} / {selected('leadflow:retention_seconds:max')}": (
                            "{{hop}}"
                        )
                    },
                    "percentunit",
                    bad=0.5,
                ),
                Panel(
                    "Records processed",
                    "Records committed a second.",
                    {selected("leadflow:records:rate5m"): "{{hop}}"},
                    "cps",
                ),
            ],
        ),
        Row(
            "Trouble",
            [
                Panel(
                    "Put aside",
                    "Records that could not be processed, within 10 minutes.",
                    {selected("leadflow:rejected:increase10m"): "{{hop}} {{code}}"},
                ),
                Panel(
                    "Leads that stand still",
                    "Leads and commands that were parked, and those that went on.",
                    {
                        rise("leadflow_scoring_parked_total", "what"): "parked: {{what}}",
                        rise("leadflow_scoring_released_total"): "released",
                    },
                ),
                Panel(
                    "Batches started over",
                    "Within 5 minutes, because the store or the log was away.",
                    {selected("leadflow:retries:increase5m"): "{{hop}} {{reason}}"},
                ),
                Panel(
                    "Parts that do not work",
                    "0 where a part of a process does not work.",
                    {f"min by (part) ({selected('leadflow_runtime_part_up')})": "{{part}}"},
                ),
                Panel(
                    "Writes that failed",
                    "Group commits to log and store that failed.",
                    {rise("leadflow_log_flush_failures_total", "file"): "{{file}}"},
                ),
                Panel(
                    "Store held back",
                    "1 while the circuit breaker is open: ArangoDB is away.",
                    {largest("leadflow_store_breaker_open"): "breaker"},
                ),
            ],
        ),
        processes("up|observer|processor|scoring|admin-api"),
    ],
)
