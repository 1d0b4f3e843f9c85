"""`leadflow simulate`: a made-up population visits a running pipeline. No other command waits for it to be imported."""

# ruff: noqa: PLC0415 - see above

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadflow.cli.traffic.errors import SimulationError
from leadflow.runtime.settings import load_settings

if TYPE_CHECKING:
    from leadflow.simulation.rates import Rates

_MOST_BATCH = 300  # events: stays far below the 500 KB that a batch may have


def simulate(
    *,
    url: Annotated[
        str | None, typer.Option(help="The pipeline (http://127.0.0.1 on LEADFLOW_PORT).", show_default=False)
    ] = None,
    write_key: Annotated[str | None, typer.Option(help="Opens the observer; else from the data folder.")] = None,
    admin_token: Annotated[str | None, typer.Option(help="Opens the admin API; else from the data folder.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Data folder of the running pipeline (LEADFLOW_DATA, ./data).")
    ] = None,
    profiles: Annotated[int, typer.Option(min=1, max=200_000, help="How many people.")] = 1000,
    days: Annotated[int, typer.Option(min=1, max=365, help="Over how many days until now.")] = 30,
    rate: Annotated[float, typer.Option(min=0.1, max=100_000, help="Touchpoints a second, at most.")] = 500.0,
    seed: Annotated[int, typer.Option(help="Another seed, other people; the same again counts once.")] = 1,
    batch: Annotated[int, typer.Option(min=1, max=_MOST_BATCH, help="Touchpoints per request.")] = 50,
    lanes: Annotated[int, typer.Option(min=1, max=64, help="Requests at once.")] = 4,
    live: Annotated[bool, typer.Option(help="Let it happen now, dated as it is sent, instead of in the past.")] = False,
    speed: Annotated[
        float, typer.Option(min=0.001, help="With --live: simulated seconds per second; 1440 is a day a minute.")
    ] = 1440.0,
    sales: Annotated[bool, typer.Option(help="Let a sales team work on the leads, through the admin API.")] = True,
    funnel: Annotated[str, typer.Option(help="Other conversion rates, e.g. lead=0.1,mql=0.5.")] = "",
    allow_remote: Annotated[bool, typer.Option(help="Send to another machine, too.")] = False,
) -> None:
    """Send a made-up population to a running pipeline: realistic, seeded, every touchpoint labelled as synthetic."""
    # httpx and rich come with the embedded installation: the services of the distributed mode start without them.
    from rich.console import Console

    from leadflow.cli.traffic.run import Traffic, run
    from leadflow.cli.traffic.target import find_target
    from leadflow.simulation.population import Population

    target = find_target(
        load_settings(data=data), url=url, write_key=write_key, admin_token=admin_token, allow_remote=allow_remote
    )
    population = Population(seed, profiles, days, _rates(funnel))
    traffic = Traffic(rate=rate, batch=batch, lanes=lanes, speed=speed if live else None, sales=sales)
    try:
        asyncio.run(run(population, target, traffic, Console(stderr=False)))
    except KeyboardInterrupt:
        raise SimulationError("stopped: the same seed again sends the rest, and nothing counts twice") from None


def _rates(text: str) -> "Rates":
    from leadflow.simulation.rates import read_rates

    try:
        return read_rates(text)
    except ValueError as error:
        raise SimulationError(f"--funnel: {error}") from None
