"""The admin API: who asks what, how fast it answers."""

from tools.dashboards.boards.shared import processes
from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import quantile, rate, total

_ALL = rate("leadflow_admin_requests_total")
_ERRORS = rate("leadflow_admin_requests_total", where='status=~"5.."')
_FAILED = f"({_ERRORS} or 0 * {_ALL}) / {_ALL}"

BOARD = Board(
    "admin-api",
    "Admin API",
    "Requests by route and status, their time, and the open streams of stage changes.",
    [
        Row(
            "Requests",
            [
                Panel(
                    "By status",
                    "Answers a second.",
                    {rate("leadflow_admin_requests_total", "status"): "{{status}}"},
                    "reqps",
                    stacked=True,
                ),
                Panel(
                    "By route",
                    "Answers a second, by the template of the path.",
                    {rate("leadflow_admin_requests_total", "route"): "{{route}}"},
                    "reqps",
                    stacked=True,
                ),
                Panel(
                    "Failed",
                    "Share of answers that are a server's error.",
                    {_FAILED: "failed"},
                    "percentunit",
                    bad=0.01,
                ),
                Panel(
                    "Time by route, p99",
                    "Streams are left out.",
                    {quantile(0.99, "leadflow_admin_request_seconds", "route"): "{{route}}"},
                    "s",
                    width=12,
                ),
                Panel(
                    "Open streams",
                    "Subscribers of stage changes.",
                    {total("leadflow_admin_streams"): "streams"},
                    width=12,
                ),
            ],
        ),
        processes("up|admin-api"),
    ],
)
