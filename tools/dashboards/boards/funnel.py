"""The lead funnel: how many leads stand where, and how they move."""

from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import largest, quantile, rate, selected

_MOVED = f"sum by (from, to) (increase({selected('leadflow_scoring_stage_changes_total')}[$__range]))"


def _through(end: str) -> str:
    """Return how many stage changes began (`from`) or ended (`to`) in each stage, a second."""
    changes = f"rate({selected('leadflow_scoring_stage_changes_total')}[$__rate_interval])"
    return f'sum by (stage) (label_replace({changes}, "stage", "$1", "{end}", "(.*)"))'


BOARD = Board(
    "funnel",
    "Lead funnel",
    "Leads by stage as the admin API counts them once a minute, and the stage changes between them.",
    [
        Row(
            "Now",
            [
                Panel(
                    "Leads by stage",
                    "Merged profiles count once.",
                    {largest("leadflow_admin_leads", "stage"): "{{stage}}"},
                    kind="bargauge",
                    width=12,
                    height=10,
                ),
                Panel(
                    "Stage changes in the chosen time",
                    "From which stage to which.",
                    {_MOVED: ""},
                    kind="table",
                    width=12,
                    height=10,
                ),
            ],
        ),
        Row(
            "Over time",
            [
                Panel(
                    "Leads by stage",
                    "Merged profiles count once.",
                    {largest("leadflow_admin_leads", "stage"): "{{stage}}"},
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Ways",
                    "Stage changes a second, from one stage to another.",
                    {rate("leadflow_scoring_stage_changes_total", "from, to"): "{{from}} → {{to}}"},
                    "cps",
                    width=12,
                ),
                Panel("Into each stage", "Stage changes a second.", {_through("to"): "{{stage}}"}, "cps"),
                Panel("Out of each stage", "Stage changes a second.", {_through("from"): "{{stage}}"}, "cps"),
                Panel(
                    "Time to a stage change",
                    "From receiving the touchpoint that caused it.",
                    {
                        quantile(share, "leadflow_scoring_stage_change_seconds"): legend
                        for share, legend in ((0.5, "p50"), (0.99, "p99"))
                    },
                    "s",
                    bad=5,
                ),
            ],
        ),
    ],
)
