"""Rows that several dashboards have."""

from tools.dashboards.panel import Panel, Row
from tools.dashboards.queries import largest, of_service, quantile, rate, selected


def processes(services: str) -> Row:
    """What the processes of some services (a regular expression) use of what they may."""
    who = selected("leadflow_runtime_build_info", f'service=~"{services}"')
    joined = f"* on (job, instance) group_left (service) {who}"
    cpu = f"rate({selected('process_cpu_seconds_total')}[$__rate_interval])"
    limits = {name: selected(f"leadflow_runtime_{name}") for name in ("cpu_limit_cores", "memory_limit_bytes")}
    return Row(
        "Processes",
        [
            Panel(
                "Core used",
                "Of the one core that a process can use, or the part of it that its container allows.",
                {f"{cpu} / {limits['cpu_limit_cores']} {joined}": "{{service}} {{instance}}"},
                "percentunit",
                bad=0.9,
            ),
            Panel(
                "Memory",
                "Resident memory.",
                {f"{selected('process_resident_memory_bytes')} {joined}": "{{service}} {{instance}}"},
                "bytes",
            ),
            Panel(
                "Memory of what is allowed",
                "Resident memory as a share of the limit.",
                {
                    f"{selected('process_resident_memory_bytes')} / {limits['memory_limit_bytes']} {joined}": (
                        "{{service}} {{instance}}"
                    )
                },
                "percentunit",
                bad=0.9,
            ),
            Panel(
                "Ready",
                "1 while /readyz says 200.",
                {of_service(selected("leadflow_runtime_ready")): "{{service}} {{instance}}"},
                width=12,
            ),
            Panel(
                "Age",
                "Since the process was started.",
                {f"(time() - {selected('process_start_time_seconds')}) {joined}": "{{service}} {{instance}}"},
                "s",
                width=12,
            ),
        ],
    )


def consuming(hop: str, title: str, *, timed: bool = True) -> Row:
    """What every consuming hop reports; `timed`: also how old touchpoints are by then."""
    name = f"leadflow_{hop}"
    return Row(
        title,
        [
            Panel(
                "Records",
                "Records committed a second.",
                {rate(f"{name}_records_total"): hop},
                "cps",
            ),
            Panel(
                "Records that wait, by partition",
                "One that stands out holds a hot profile, or belongs to a process that hangs.",
                {largest(f"{name}_lag_records", "partition"): "{{partition}}"},
                stacked=True,
            ),
            Panel(
                "Age of the oldest record, by partition",
                "How long it has been waiting.",
                {largest(f"{name}_lag_seconds", "partition"): "{{partition}}"},
                "s",
            ),
            Panel(
                "Time of a batch",
                "From fetch to commit.",
                {quantile(share, f"{name}_batch_seconds"): legend for share, legend in ((0.5, "p50"), (0.99, "p99"))},
                "s",
            ),
            Panel(
                "Records of a batch",
                "Few when idle, many under load.",
                {quantile(share, f"{name}_batch_records"): legend for share, legend in ((0.5, "p50"), (0.99, "p99"))},
            ),
            *([_end_to_end(name)] if timed else []),
            Panel(
                "Put aside",
                "Records that could not be processed, by code, a second.",
                {rate(f"{name}_rejected_total", "code"): "{{code}}"},
                "cps",
            ),
            Panel(
                "Batches started over",
                "By reason, a second; and partitions lost to another owner.",
                {rate(f"{name}_retries_total", "reason"): "{{reason}}", rate(f"{name}_fenced_total"): "fenced"},
                "cps",
            ),
        ],
    )


def _end_to_end(name: str) -> Panel:
    return Panel(
        "End to end",
        "From receiving a touchpoint until this hop has committed it.",
        {quantile(share, f"{name}_end_to_end_seconds"): legend for share, legend in ((0.5, "p50"), (0.99, "p99"))},
        "s",
    )


def kafka(topics: str) -> Row:
    """What consumers of some topics (a regular expression) have to do with Kafka; empty on SQLite."""
    where = f'topic=~"{topics}"'
    name = "leadflow_log_transaction_seconds"
    return Row(
        "Kafka",
        [
            Panel(
                "Transactions",
                "Time from begin to commit.",
                {
                    quantile(share, name, "topic", where): f"{{{{topic}}}} {legend}"
                    for share, legend in ((0.5, "p50"), (0.99, "p99"))
                },
                "s",
            ),
            Panel(
                "Transactions given up",
                "They are aborted by the brokers and their batches processed again; and producers fenced.",
                {
                    rate("leadflow_log_transactions_abandoned_total", "topic", where): "{{topic}}",
                    rate("leadflow_log_fences_total", "topic", where): "{{topic}} fenced",
                },
                "cps",
            ),
            Panel(
                "Rebalances",
                "Assignments received within an hour, the most of any process.",
                {
                    f"max by (topic) (increase({selected('leadflow_log_rebalances_total', where)}[1h]))": "{{topic}}",
                },
                bad=24,
            ),
        ],
    )
