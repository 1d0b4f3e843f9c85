"""What a workload takes, in the words that were asked for."""

from dataclasses import asdict
from typing import Any

import msgspec
import typer

from leadflow.cli.sizing.command import Output, TierName
from leadflow.cli.sizing.overlay import overlay
from leadflow.cli.sizing.simulated import simulated
from leadflow.cli.sizing.table import table
from leadflow.core.sizing import TIERS, Plan, Rates, SizingError, Workload, plan, shipped_rates
from leadflow.core.sizing.workload import option
from leadflow.ports import LeadflowError


class NoPlan(LeadflowError):
    """The workload is none, or one installation cannot carry it."""


def answer(tier: TierName | None, given: dict[str, Any], output: Output, *, seed: int | None) -> None:
    """Print the plan, or with a seed a simulated day of it. `given`: what differs from the tier or the defaults."""
    if tier is None and "profiles" not in given:
        raise NoPlan("say how many: --profiles 2000000, or --tier 2m")
    rates = shipped_rates()
    found = _planned(tier, given, rates)
    if seed is None:
        _print(found, rates, output, _typed(tier, given))
    else:
        typer.echo(simulated(found, rates, seed=seed))


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
