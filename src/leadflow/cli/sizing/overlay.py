"""A plan as values of the Helm chart: replicas, resources, partitions and volumes, and in the header why."""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from leadflow.core.sizing import Plan, Rate, Rates
from leadflow.core.sizing.assumptions import FILL, GROWTH, UTILISATION
from leadflow.core.sizing.pods import Pods
from leadflow.core.sizing.workload import RETENTION_DAYS

_WIDTH = 116

Values = Mapping[str, Any]


def overlay(plan: Plan, rates: Rates, command: str) -> str:
    """Return the file: YAML with a header. `command` made it, and makes it again."""
    header = "\n".join(line for paragraph in _header(plan, rates, command) for line in _comment(paragraph))
    return f"{header}\n{_yaml(values(plan))}"


def values(plan: Plan) -> Values:
    """Return what the header explains, by the chart's names."""
    return {
        "observer": _component(plan.observer),
        "processor": _component(plan.processor),
        "scoring": _component(plan.scoring),
        "adminApi": _pods(plan.admin_api),
        "kafka": {
            "partitions": plan.partitions,
            "strimzi": {
                "brokers": {
                    "replicas": plan.brokers.replicas,
                    "storage": f"{plan.brokers.disk_gib}Gi",
                    "resources": _resources(plan.brokers.cores, 2 * plan.brokers.cores, f"{plan.brokers.memory_gib}Gi"),
                }
            },
        },
        "arangodb": {"operator": _database(plan)},
    }


def _component(pods: Pods) -> Values:
    """Return the values of a service that an autoscaler may scale."""
    return {**_pods(pods), "autoscaling": {"minReplicas": pods.replicas, "maxReplicas": pods.most_replicas}}


def _pods(pods: Pods) -> Values:
    return {
        "replicas": pods.replicas,
        "resources": {
            "requests": {"cpu": _cpu(pods.cores), "memory": f"{pods.memory_mib}Mi"},
            "limits": {"cpu": _cpu(pods.limit_cores), "memory": f"{pods.limit_mib}Mi"},
        },
    }


def _database(plan: Plan) -> Values:
    store = plan.database
    servers = {
        "count": store.servers,
        "storage": f"{store.disk_gib}Gi",
        "resources": _resources(store.cores, 2 * store.cores, f"{store.memory_gib}Gi"),
    }
    if not store.coordinators:
        return {"mode": "Single", "dbservers": servers}
    return {
        "mode": "Cluster",
        "dbservers": servers,
        "coordinators": {"count": store.coordinators, "resources": _resources(0.5, 1, "1Gi")},
        "agents": {"count": store.agents, "resources": _resources(0.25, 0.5, "512Mi")},
    }


def _resources(cores: float, limit_cores: float, memory: str) -> Values:
    """Memory is asked for whole: a server that plans with it must not lose it."""
    return {
        "requests": {"cpu": _cpu(cores), "memory": memory},
        "limits": {"cpu": _cpu(limit_cores), "memory": memory},
    }


def _cpu(cores: float) -> str:
    return f"{cores:g}" if cores == int(cores) else f"{round(1000 * cores)}m"


def _header(plan: Plan, rates: Rates, command: str) -> Iterator[str]:
    """Yield the paragraphs: claim, rates, partitions, disk, headroom."""
    workload = plan.workload
    yield f"Written by `{command}`: change the workload there, not here. How each number comes about: docs/sizing.md."
    yield (
        f"Capacity: {workload.profiles:,} profiles at {workload.touchpoints_per_month:g} touchpoints a month "
        f"({workload.mean:,.1f}/s), peaks of {workload.peak_factor:g} x that ({workload.peak:,.1f} touchpoints/s in "
        f"{workload.peak_requests:,.1f} requests/s). {_loss(plan)}"
    )
    yield (
        "Measured, CPU a touchpoint (full load; at 70/s, in small batches): "
        f"observer {_us(rates.observer_us)} a request alone, {_us(rates.observer_batched_us)} in a batch "
        f"({_us(rates.observer_small_us)}); processor {_us(rates.processor_us)} ({_us(rates.processor_small_us)}); "
        f"scoring {_us(rates.scoring_us)} ({_us(rates.scoring_small_us)}). Touchpoints/s a core at "
        f"{100 * UTILISATION:.0f} %: observer {plan.observer.carries:,.0f}, processor {plan.processor.carries:,.0f}, "
        f"scoring {plan.scoring.carries:,.0f}. On {rates.machine}, store in SQLite; no ArangoDB server was measured."
    )
    yield (
        f"Partitions: {plan.partitions}, fixed for life, for {GROWTH:g} x this peak. The one log of identity uses "
        f"{100 * plan.identity.load:.1f} % of what one core decides."
    )
    yield (
        f"Disk, at most {100 * FILL:.0f} % full: {plan.brokers.replicas} brokers x {plan.brokers.disk_gib} GiB "
        f"({workload.retention_days} days, {plan.brokers.copies} copies); {plan.database.servers} database "
        f"{'server' if plan.database.servers == 1 else 'servers'} x {plan.database.disk_gib} GiB "
        f"({workload.history_months} months of touchpoints, {plan.database.copies} "
        f"{'copy' if plan.database.copies == 1 else 'copies'}{', sharded' if plan.database.sharded else ''})."
    )
    if workload.retention_days != RETENTION_DAYS:
        yield f"The log is kept for longer or shorter than usual: `settings.retentionDays: {workload.retention_days}`."
    if plan.database.sharded:
        yield "The database is sharded: `settings.arangoSharded: true` before the first install; fixed for life."
    yield (
        f"Headroom: {plan.headroom:,.1f} x the peak with all pods, {plan.headroom_after_loss:,.1f} x with one lost, at "
        f"{100 * UTILISATION:.0f} % of a core."
    )


def _loss(plan: Plan) -> str:
    if plan.workload.availability == "none":
        return "Nothing may be lost without a pause."
    if plan.database.copies == 1:
        return "A pod or a broker may be lost; the database is one server, without fail-over."
    return "A pod, a broker or a database server may be lost."


def _us(rate: Rate) -> str:
    return f"{rate.value:,.0f} us"


def _comment(paragraph: str) -> list[str]:
    return [f"# {line}" for line in wrap(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)]


def _yaml(tree: Values, depth: int = 0) -> str:
    """Return nested mappings of text and numbers as YAML; resources stand in one line."""
    lines = []
    for name, value in tree.items():
        indent = "  " * depth
        if not isinstance(value, Mapping):
            lines.append(f"{indent}{name}: {_scalar(value)}\n")
        elif all(not isinstance(inner, Mapping) for inner in value.values()):
            inside = ", ".join(f"{key}: {_scalar(inner)}" for key, inner in value.items())
            lines.append(f"{indent}{name}: {{{inside}}}\n")
        else:
            lines.append(f"{indent}{name}:\n{_yaml(value, depth + 1)}")
    return "".join(lines)


def _scalar(value: str | float) -> str:
    """Text that would be read as a number gets quotes."""
    return f'"{value}"' if isinstance(value, str) and value[-1].isdigit() else str(value)
