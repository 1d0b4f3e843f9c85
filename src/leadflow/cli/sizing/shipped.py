"""The tiers that the chart ships: each file is the output of one command, and stays so."""

from collections.abc import Iterator
from pathlib import Path

import typer

from leadflow.cli.sizing.overlay import overlay
from leadflow.cli.sizing.page import PAGE, renewed
from leadflow.core.sizing import TIERS, plan, shipped_rates

CHART = Path("helm/leadflow")


def shipped(name: str) -> str:
    """Return a tier's file as it should be."""
    tier = TIERS[name]
    rates = shipped_rates()
    return overlay(plan(tier.workload, rates, tier.ceiling), rates, f"leadflow size --tier {name} --output overlay")


def file_of(name: str, folder: Path = CHART) -> Path:
    """Say where a tier's file is."""
    return folder / f"tier-{name}.yaml"


def drift(folder: Path = CHART) -> Iterator[str]:
    """Yield a sentence for each file that is not what the command prints."""
    for name in TIERS:
        path = file_of(name, folder)
        if not path.exists() or path.read_text(encoding="utf-8") != shipped(name):
            yield f"{path} is not what `leadflow size --tier {name} --output overlay` prints: run `make tiers`"


def page_drift(page: Path = PAGE) -> Iterator[str]:
    """Yield a sentence if the page does not show the tiers as they are."""
    text = page.read_text(encoding="utf-8")
    if renewed(text) != text:
        yield f"{page} does not show what leadflow size prints: run `make tiers`"


def check_tiers() -> None:
    """Compare all tiers and the page. Exit code 1 when one has drifted."""
    if found := [*drift(), *page_drift()]:
        typer.echo("\n".join(found), err=True)
        raise typer.Exit(1)
    typer.echo(f"{len(TIERS)} tiers and {PAGE} are what leadflow size prints")


def write_files(folder: Path = CHART) -> None:
    """Write all tiers into the chart."""
    for name in TIERS:
        file_of(name, folder).write_text(shipped(name), encoding="utf-8")
        typer.echo(f"{file_of(name, folder)}")


def write_tiers() -> None:
    """Write all tiers, and the page that shows them."""
    write_files()
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    typer.echo(f"{PAGE}")
