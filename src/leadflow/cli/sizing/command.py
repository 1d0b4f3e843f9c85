"""`leadflow size`: what a workload takes."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import msgspec
import typer

from leadflow.cli.sizing.overlay import overlay
from leadflow.cli.sizing.shipped import check_tiers, write_tiers
from leadflow.cli.sizing.simulated import simulated
from leadflow.cli.sizing.table import table
from leadflow.core.sizing import TIERS, Availability, Plan, Rates, SizingError, Workload, plan, shipped_rates
from leadflow.core.sizing.workload import option
from leadflow.ports import LeadflowError

TierName = Literal["100k", "1m", "2m", "10m"]
Output = Literal["table", "overlay", "json"]


class NoPlan(LeadflowError):
    """The workload is none, or one installation cannot carry it."""


def size(
    *,
    tier: Annotated[TierName | None, typer.Option(help="A shipped tier; other options change its workload.")] = None,
    profiles: Annotated[int | None, typer.Option(help="How many profiles.", show_default=False)] = None,
    touchpoints_per_month: Annotated[
        float | None, typer.Option(help="Of a profile, all profiles counted (30).", show_default=False)
    ] = None,
    peak_factor: Annotated[
        float | None, typer.Option(help="The busiest minutes by the mean (6).", show_default=False)
    ] = None,
    retention_days: Annotated[int | None, typer.Option(help="Of the log (7).", show_default=False)] = None,
    history_months: Annotated[
        int | None, typer.Option(help="Of touchpoints in the store (6).", show_default=False)
    ] = None,
    batched_share: Annotated[
        float | None, typer.Option(help="Of the touchpoints that SDKs send in batches (0.5).", show_default=False)
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Touchpoints in such a batch (20).", show_default=False)] = None,
    availability: Annotated[
        Availability | None,
        typer.Option(help="What may be lost without a pause: none, pods (and brokers), servers.", show_default=False),
    ] = None,
    output: Annotated[Output, typer.Option(help="For people, for Helm, for programs.")] = "table",
    simulate: Annotated[
        bool, typer.Option(help="Simulate a day with a campaign and a lost pod, as queues (seconds, for 10M profiles).")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 1,
    check: Annotated[bool, typer.Option(help="Fail if a shipped tier is not what this prints.")] = False,
    write: Annotated[bool, typer.Option(help="Write the shipped tiers into the chart.")] = False,
) -> None:
    """Compute pods, partitions, disks and database for a workload, from measured rates, each number with its reason."""
    if check or write:
        (check_tiers if check else write_tiers)()
        return
    given: dict[str, Any] = {
        name: value
        for name, value in {
            "profiles": profiles,
            "touchpoints_per_month": touchpoints_per_month,
            "peak_factor": peak_factor,
            "retention_days": retention_days,
            "history_months": history_months,
            "batched_share": batched_share,
            "batch": batch,
            "availability": availability,
        }.items()
        if value is not None
    }
    if tier is None and profiles is None:
        raise NoPlan("say how many: --profiles 2000000, or --tier 2m")
    rates = shipped_rates()
    found = _planned(tier, given, rates)
    if simulate:
        typer.echo(simulated(found, rates, seed=seed))
    else:
        _print(found, rates, output, _typed(tier, given))


def _planned(tier: TierName | None, given: dict[str, Any], rates: Rates) -> Plan:
    """Plan. A tier whose workload was changed is no tier any more: nothing bounds it."""
    shipped = TIERS[tier] if tier else None
    try:
        base = asdict(shipped.workload) if shipped else {}
        workload = Workload(**{**base, **given})
        return plan(workload, rates, shipped.ceiling if shipped and not given else None)
    except SizingError as error:
        raise NoPlan(str(error)) from None


def _typed(tier: TierName | None, given: dict[str, Any]) -> str:
    """Return the command that asks for this plan."""
    asked = [f"--tier {tier}"] if tier else []
    return " ".join(["leadflow size", *asked, *(f"{option(name)} {value}" for name, value in given.items())])


def _print(found: Plan, rates: Rates, output: Output, command: str) -> None:
    if output == "json":
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif output == "overlay":
        typer.echo(overlay(found, rates, f"{command} --output overlay"), nl=False)
    else:
        typer.echo(table(found))
