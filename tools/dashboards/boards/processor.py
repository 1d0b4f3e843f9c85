"""The processor and the resolver: from touchpoints to profiles."""

from tools.dashboards.boards.shared import consuming, kafka, processes
from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import rate

BOARD = Board(
    "processor",
    "Processor",
    "Touchpoints on their way to profiles: the straight path, and the resolver's.",
    [
        Row(
            "Touchpoints",
            [
                Panel(
                    "What became of them",
                    "straight: sent on at once. evidence: for the resolver. obeyed: read again after a crash.",
                    {rate("leadflow_processor_outcomes_total", "outcome"): "{{outcome}}"},
                    "cps",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Documents sent again",
                    "To ArangoDB, because they met another write.",
                    {rate("leadflow_store_conflicts_total"): "conflicts"},
                    "cps",
                    width=12,
                ),
            ],
        ),
        consuming("processor", "Processor"),
        consuming("resolver", "Resolver", timed=False),
        kafka("touchpoints|identity"),
        processes("up|processor"),
    ],
)
