"""The made parts of docs/sizing.md: the tiers, their simulation, and the rates that both rest on."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from leadflow.cli.sizing.simulated import simulated
from leadflow.core.sizing import TIERS, Plan, Rate, Rates, plan, shipped_rates
from leadflow.core.sizing.pods import Pods

PAGE = Path("docs/sizing.md")


def tiers_table() -> str:
    """Return a column for each tier."""
    rates = shipped_rates()
    plans = [plan(tier.workload, rates, tier.ceiling) for tier in TIERS.values()]
    rows: list[tuple[str, Callable[[Plan], str]]] = [
        ("touchpoints/s, mean / peak", lambda one: f"{one.workload.mean:,.1f} / {one.workload.peak:,.1f}"),
        ("requests/s at the peak", lambda one: f"{one.workload.peak_requests:,.1f}"),
        ("may be lost", _lost),
        ("observer", lambda one: _pods(one.observer)),
        ("processor", lambda one: _pods(one.processor)),
        ("scoring", lambda one: _pods(one.scoring)),
        ("admin API", lambda one: _pods(one.admin_api)),
        ("partitions", lambda one: f"{one.partitions}"),
        ("identity's one log, share of its bound", lambda one: f"{100 * one.identity.load:.1f} %"),
        ("brokers", lambda one: f"{one.brokers.replicas} x {one.brokers.disk_gib} GiB"),
        (
            "database",
            lambda one: f"{one.database.servers} x {one.database.disk_gib} GiB, {one.database.memory_gib} GiB",
        ),
        ("database, requests/s and documents/s at the peak", _asked),
        ("headroom, all pods / one lost", lambda one: f"{one.headroom:,.1f} x / {one.headroom_after_loss:,.1f} x"),
        ("one small machine, embedded", _machine),
    ]
    lines = ["| | " + " | ".join(TIERS) + " |", "|---" * (len(TIERS) + 1) + "|"]
    return "\n".join([*lines, *(f"| {name} | " + " | ".join(map(write, plans)) + " |" for name, write in rows)])


def _lost(found: Plan) -> str:
    return {"none": "nothing", "pods": "a pod or broker", "servers": "a pod, broker or server"}[
        found.workload.availability
    ]


def _pods(pods: Pods) -> str:
    """Pods (and the most of an autoscaler), CPU asked for and memory."""
    count = f"{pods.replicas}" if pods.replicas == pods.most_replicas else f"{pods.replicas} to {pods.most_replicas}"
    return f"{count} x ({pods.cores:.2f} CPU, {pods.memory_mib} MiB)"


def _asked(found: Plan) -> str:
    return f"{found.database.requests:,.0f}, {found.database.documents:,.0f}"


def _machine(found: Plan) -> str:
    machine = found.small_machine
    return f"{machine.carries / machine.peak:,.1f} x the peak, {machine.disk_gib:,.0f} GiB"


def simulations() -> str:
    """Return the simulated day of each tier."""
    return "\n\n".join(f"```\n$ leadflow size --tier {name} --simulate\n{simulated_tier(name)}\n```" for name in TIERS)


def simulated_tier(name: str) -> str:
    """Return what `leadflow size --tier … --simulate` prints."""
    tier, rates = TIERS[name], shipped_rates()
    return simulated(plan(tier.workload, rates, tier.ceiling), rates)


def rates_table() -> str:
    """Return every rate with the command that prints it."""
    rates: Rates = shipped_rates()
    named = [(field.name, getattr(rates, field.name)) for field in fields(rates)]
    rows = [
        f"| `{name}` | {rate.value:,.4g} {rate.unit} | `{rate.command}`: {rate.figure} | {rate.commit}, {rate.at} |"
        for name, rate in named
        if isinstance(rate, Rate)
    ]
    return "\n".join(["| rate | value | printed by | commit, time |", "|---|---|---|---|", *rows])


PARTS: Mapping[str, Callable[[], str]] = {"tiers": tiers_table, "simulations": simulations, "rates": rates_table}


def part_of(text: str, name: str) -> tuple[str, str, str]:
    """Split a page at a made part: before it, the part, behind it. ValueError where its marks are gone."""
    begin, end = f"<!-- {name}: made by `make tiers` -->\n", f"\n<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    part, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"{PAGE} has lost the marks of its part {name!r}")
    return before + begin, part, end + after


def renewed(text: str) -> str:
    """Return the page with all its made parts as they should be."""
    for name, make in PARTS.items():
        before, _, after = part_of(text, name)
        text = before + make() + after
    return text
