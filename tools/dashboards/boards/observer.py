"""The observer: what comes in, what is refused, how fast it is durable."""

from tools.dashboards.boards.shared import processes
from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import mean, quantile, rate, rise, selected, total

BOARD = Board(
    "observer",
    "Observer",
    "Requests, events, refusals, and the time until the log acknowledges.",
    [
        Row(
            "Requests",
            [
                Panel(
                    "By status",
                    "Requests answered a second, those to unknown paths left out.",
                    {rate("leadflow_observer_requests_total", "status", 'path!="other"'): "{{status}}"},
                    "reqps",
                    stacked=True,
                ),
                Panel(
                    "By path",
                    "Requests answered a second.",
                    {rate("leadflow_observer_requests_total", "path"): "{{path}}"},
                    "reqps",
                ),
                Panel(
                    "In flight",
                    "Requests being served now, by process. At LEADFLOW_MAX_IN_FLIGHT (512) it sheds.",
                    {selected("leadflow_observer_in_flight_requests"): "{{instance}}"},
                ),
                Panel(
                    "Body bytes",
                    "Decompressed, a second.",
                    {rate("leadflow_observer_body_bytes_total"): "bytes"},
                    "Bps",
                ),
                Panel(
                    "Error budget",
                    "Share of requests answered with 5xx; 0.1 % over 30 days is promised.",
                    {
                        selected("leadflow:ingestion_errors:ratio_rate5m"): "5 m",
                        selected("leadflow:ingestion_errors:ratio_rate30m"): "30 m",
                        selected("leadflow:ingestion_errors:ratio_rate1h"): "1 h",
                        selected("leadflow:ingestion_errors:ratio_rate6h"): "6 h",
                    },
                    "percentunit",
                    bad=0.0144,
                ),
                Panel(
                    "Refused, by code",
                    "Events and requests refused a second; docs/api.md says what each code means.",
                    {rate("leadflow_observer_rejected_total", "code"): "{{code}}"},
                    "cps",
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Events",
            [
                Panel(
                    "By type",
                    "Durable events a second.",
                    {rate("leadflow_observer_events_total", "type"): "{{type}}"},
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "By source",
                    "Durable events a second, by the name of the write key.",
                    {rate("leadflow_observer_events_total", "source"): "{{source}}"},
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "From crawlers",
                    "Stored, never scored.",
                    {rate("leadflow_observer_bots_total"): "crawlers"},
                    "cps",
                ),
            ],
        ),
        Row(
            "The log",
            [
                Panel(
                    "Acknowledgements",
                    "From the body being read to the log's acknowledgement.",
                    {
                        quantile(share, "leadflow_observer_ack_seconds"): legend
                        for share, legend in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))
                    },
                    "s",
                    bad=2,
                ),
                Panel(
                    "Group commits",
                    "Time of one, fsync or replicas included.",
                    {quantile(0.99, "leadflow_log_flush_seconds", "file"): "{{file}} p99"},
                    "s",
                ),
                Panel(
                    "Jobs of a group commit",
                    "1 when idle, more under load.",
                    {mean("leadflow_log_flush_records"): "mean"},
                ),
                Panel(
                    "Bytes that wait",
                    "For the next group commit. At LEADFLOW_MAX_WAITING_BYTES it sheds.",
                    {total("leadflow_log_waiting_bytes", "file"): "{{file}}"},
                    "bytes",
                    width=12,
                ),
                Panel(
                    "Writes that failed",
                    "Nothing of them was acknowledged.",
                    {rise("leadflow_log_flush_failures_total", "file"): "{{file}}"},
                    width=12,
                ),
            ],
        ),
        processes("up|observer"),
    ],
)
