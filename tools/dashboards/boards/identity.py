"""Identity: who is told to be whom, and where that is refused."""

from tools.dashboards.boards.shared import consuming
from tools.dashboards.panel import Board, Panel, Row
from tools.dashboards.queries import largest, rate, rise, selected

BOARD = Board(
    "identity",
    "Identity",
    "Merges and refusals, identifiers that were not used, and the resolver, which decides all of it in one order.",
    [
        Row(
            "Decisions",
            [
                Panel(
                    "Merges",
                    "Profiles that became one, a second.",
                    {rate("leadflow_resolver_merges_total"): "merges"},
                    "cps",
                ),
                Panel(
                    "Merges refused",
                    "limit: a profile would have had too many identifiers. apart: an unmerge keeps them apart.",
                    {rise("leadflow_resolver_refusals_total", "reason"): "{{reason}}"},
                ),
                Panel(
                    "Share refused, 1 h",
                    "Of all merges that were asked for. Dashed: the alert; many people share an address.",
                    {selected("leadflow:merge_refusals:ratio_rate1h"): "refused"},
                    "percentunit",
                    bad=0.2,
                ),
                Panel(
                    "Evidence",
                    "Share of the touchpoints that the resolver has to decide on.",
                    {
                        rate("leadflow_processor_outcomes_total", where='outcome="evidence"')
                        + " / "
                        + rate("leadflow_processor_outcomes_total"): "evidence"
                    },
                    "percentunit",
                ),
                Panel(
                    "Identifiers not used",
                    "Blocked or malformed, by type: a spike means a broken form or a shared value.",
                    {rate("leadflow_processor_ignored_identifiers_total", "type"): "{{type}}"},
                    "cps",
                ),
                Panel(
                    "Evidence that waits",
                    "Records of `identity` that are not decided yet.",
                    {largest("leadflow_resolver_lag_records"): "records"},
                ),
            ],
        ),
        consuming("resolver", "Resolver", timed=False),
    ],
)
