"""The command line. Errors that a user can cause are one clear line each and exit code 2, never a traceback.

What one command alone needs is imported there: a service starts without what makes tables, tiers or traffic.
"""

# ruff: noqa: PLC0415 - see above

import importlib.metadata
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import structlog
import typer

from leadflow.cli.simulate import simulate
from leadflow.cli.sizing.command import size
from leadflow.ports import LeadflowError
from leadflow.runtime import logging
from leadflow.runtime.secrets import load, load_or_create, mark_shown
from leadflow.runtime.settings import Settings, load_settings, unknown_variables

app = typer.Typer(
    name="leadflow",
    help="Turns what people do on web sites and apps into sales-ready leads while it happens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
model_app = typer.Typer(help="Scoring models.", no_args_is_help=True)
app.add_typer(model_app, name="model")

Port = Annotated[int | None, typer.Option(help="Port to listen on (LEADFLOW_PORT, 8080).")]
Host = Annotated[str | None, typer.Option(help="Address to listen on (LEADFLOW_HOST, 127.0.0.1).")]
Data = Annotated[Path | None, typer.Option(help="Folder of databases and secrets (LEADFLOW_DATA, ./data).")]
ModelFile = Annotated[
    str | None, typer.Option("--model", help="Scoring model, shipped or a file (LEADFLOW_MODEL, b2b).")
]


def main() -> None:
    """Run the command line as a program."""
    try:
        app()
    except LeadflowError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"leadflow: {line}\n")
        sys.exit(2)


def _prepare(**given: object) -> Settings:
    """Read the settings, set logging up, warn of what nobody reads."""
    settings = load_settings(**given)
    os.umask(0o077)  # what is written holds personal data: for its owner alone
    logging.configure(settings)
    for sentence in unknown_variables(os.environ):
        structlog.get_logger("leadflow").warning("unknown_setting", hint=sentence)
    return settings


@app.command()
def up(port: Port = None, host: Host = None, data: Data = None, model: ModelFile = None) -> None:
    """Start the embedded pipeline: observer, processor, scoring and admin API in one process."""
    settings = _prepare(port=port, host=host, data=data, model=model)
    secrets = load_or_create(settings)
    told = secrets if settings.show_keys else replace(secrets, unshown=())
    from leadflow.cli.compose import EVERYTHING
    from leadflow.cli.run import run
    from leadflow.cli.welcome import welcome

    def announce(bound: int) -> None:
        typer.echo(welcome(settings, told, bound))
        mark_shown(told)

    run(settings, secrets, EVERYTHING, announce)


def _service(name: str, settings: Settings, *needed: str) -> None:
    """Run one service of the distributed mode until it is stopped. `needed`: the secrets that it works with."""
    secrets = load(settings, (*needed, "hash_secret"))
    from leadflow.cli.compose import Part
    from leadflow.cli.run import run

    run(
        settings,
        secrets,
        frozenset({Part(name)}),
        lambda port: typer.echo(f"leadflow {name} is up on http://{settings.host}:{port}"),
    )


@app.command()
def observer(port: Port = None, host: Host = None, data: Data = None) -> None:
    """Start the observer alone: it takes events in."""
    _service("observer", _prepare(port=port, host=host, data=data), "write_keys")


@app.command()
def processor(port: Port = None, host: Host = None, data: Data = None) -> None:
    """Start the processor alone, with the resolver: from touchpoints to profiles."""
    _service("processor", _prepare(port=port, host=host, data=data))


@app.command()
def scoring(port: Port = None, host: Host = None, data: Data = None, model: ModelFile = None) -> None:
    """Start scoring alone: from profiles to stages."""
    _service("scoring", _prepare(port=port, host=host, data=data, model=model))


@app.command("admin-api")
def admin_api(port: Port = None, host: Host = None, data: Data = None, model: ModelFile = None) -> None:
    """Start the admin API alone."""
    _service("admin-api", _prepare(port=port, host=host, data=data, model=model), "admin_token")


@app.command("init")
def init_command(
    *,
    data: Data = None,
    grow: Annotated[
        list[str] | None, typer.Option(help="Kafka: add partitions, touchpoints=12; keys move, which does no harm.")
    ] = None,
    apply: Annotated[bool, typer.Option(help="Kafka: set what differs, where nothing is lost by it.")] = False,
) -> None:
    """Create or migrate topics, collections and indexes; run it as often as you like."""
    from leadflow.cli.init import init

    init(_prepare(data=data), grow or [], apply=apply)


@app.command()
def key(which: Annotated[str, typer.Argument(help="write or admin")] = "write", data: Data = None) -> None:
    """Print the first write key, or the admin token, of the environment or the data folder."""
    secrets = load(load_settings(data=data))
    if which not in {"write", "admin"}:
        raise LeadflowError(f"{which!r} is no key: say `write` or `admin`")
    typer.echo(secrets.admin_token if which == "admin" else next(iter(secrets.keys)))


@model_app.command("check")
def model_check(file: Path) -> None:
    """Validate a model file; every problem is named with its line."""
    from leadflow.core.scoring.load import ModelError
    from leadflow.runtime.model import read_model

    try:
        model = read_model(file)
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{file} is a valid model: {model.name} {model.version}")


@app.command("schemas")
def schemas_command(
    *,
    check: Annotated[bool, typer.Option(help="Fail on drift or an incompatible change; write nothing.")] = False,
    release: Annotated[bool, typer.Option(help="Take the contracts over as the baseline of a release.")] = False,
    breaking: Annotated[bool, typer.Option(help="With --release: break the contracts on purpose.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the files are.")] = Path("schemas"),
) -> None:
    """Write schemas/*.json from the wire types, or check them."""
    from leadflow.cli.schemas import schemas

    schemas(check=check, release=release, breaking=breaking, folder=folder)


@app.command("settings")
def settings_command(
    *, check: Annotated[bool, typer.Option(help="Fail if a page is not current; write nothing.")] = False
) -> None:
    """Write the tables of settings and metrics into docs/configuration.md and docs/operations.md, or check them."""
    from leadflow.cli.doc_tables import write_tables

    write_tables(check=check)


@app.command("replay")
def replay_command(
    *,
    rejected: Annotated[bool, typer.Option(help="Send dead letters again, as repairs.")] = False,
    parked: Annotated[bool, typer.Option(help="Release parked leads, send parked commands again.")] = False,
    source: Annotated[str | None, typer.Option(help="With --rejected: of this write key's name alone.")] = None,
    code: Annotated[str | None, typer.Option(help="With --rejected: refused with this code alone.")] = None,
    since: Annotated[str | None, typer.Option(help="With --rejected: refused at or after this instant.")] = None,
    file: Annotated[
        Path | None, typer.Option(help='With --rejected: repaired events, {"source": …, "event": {…}} a line.')
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done; write nothing.")] = False,
    data: Data = None,
    model: ModelFile = None,
) -> None:
    """Rebuild leads from the timeline beside the live ones, then swap; or work off what was put aside or parked."""
    from leadflow.cli.replay import Asked, replay

    if rejected and parked:
        raise LeadflowError("--rejected and --parked are two runs: give one of them")
    settings = _prepare(data=data, model=model)
    asked = Asked(source=source, code=code, since=since, file=file, dry_run=dry_run)
    replay(settings, load(settings, ("hash_secret",)), asked, rejected=rejected, parked=parked)


app.command()(simulate)
app.command()(size)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(importlib.metadata.version("leadflow"))
