"""Scoring: from profiles to leads and stages."""

from tools.dashboards.boards.shared import consuming, kafka, processes
from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import quantile, rate, rise

BOARD = Board(
    "scoring",
    "Scoring",
    "Leads: scores and stage changes, how fast they come, and what stands still.",
    [
        Row(
            "Leads",
            [
                Panel(
                    "Published",
                    "Lead scores and stage changes a second.",
                    {
                        rate("leadflow_scoring_lead_scores_total"): "lead scores",
                        rate("leadflow_scoring_stage_changes_total"): "stage changes",
                    },
                    "cps",
                ),
                Panel(
                    "Time to a stage change",
                    "From receiving the touchpoint that caused it; 99 % within 5 s are promised.",
                    {
                        quantile(share, "leadflow_scoring_stage_change_seconds"): legend
                        for share, legend in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))
                    },
                    "s",
                    bad=5,
                ),
                Panel(
                    "Leads that stand still",
                    "Parked, and released.",
                    {
                        rise("leadflow_scoring_parked_total", "what"): "parked: {{what}}",
                        rise("leadflow_scoring_released_total"): "released",
                    },
                ),
            ],
        ),
        consuming("scoring", "Scoring"),
        kafka("resolved"),
        processes("up|scoring"),
    ],
)
