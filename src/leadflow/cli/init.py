"""`leadflow init`: topics, collections and indexes as the settings ask for them; never fewer than there are."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import typer

from leadflow.adapters.system_clock import SystemClock
from leadflow.adapters.topic_plan import GROWABLE, plan
from leadflow.contracts.topics import TOPICS
from leadflow.runtime.bootstrap import is_arango, is_kafka, open_sqlite_log, open_store
from leadflow.runtime.secrets import load_or_create
from leadflow.runtime.settings import Settings, SettingsError

UNMENDABLE = 3
"""The exit code where something is not as the settings ask and `init` must not change it."""


def init(settings: Settings, grow: list[str], *, apply: bool) -> None:
    """Create or migrate, tell what was done and what differs. Exits with UNMENDABLE where services cannot start."""
    growing = _read_growth(grow)
    if not is_kafka(settings):
        if growing or apply:
            raise SettingsError("--grow and --apply are for the topics of Kafka: LEADFLOW_LOG names no kafka://")
        _init_embedded(settings)
        return
    mended = asyncio.run(_init_kafka(settings, growing, apply=apply))
    asyncio.run(_init_store(settings))
    if not mended:
        raise typer.Exit(UNMENDABLE)


def _read_growth(items: list[str]) -> dict[str, int]:
    """Read `topic=count` of every --grow. Raises SettingsError for what cannot be grown."""
    growing: dict[str, int] = {}
    for item in items:
        topic, _, count = item.partition("=")
        if topic not in {one.name for one in TOPICS} or not count.isdigit():
            raise SettingsError(f"--grow {item!r}: write topic=partitions, as in touchpoints=12")
        if topic not in GROWABLE:
            raise SettingsError(
                f"--grow {item!r}: only {', '.join(sorted(GROWABLE))} may grow: the order and the owners of all other "
                "topics' records hang on their partition counts"
            )
        growing[topic] = int(count)
    return growing


def _init_embedded(settings: Settings) -> None:
    """Create the files and the keys of one machine."""
    secrets = load_or_create(settings)

    async def opened() -> None:
        async with AsyncExitStack() as stack:
            await open_sqlite_log(settings, SystemClock(), stack)

    asyncio.run(opened())
    asyncio.run(_init_store(settings))
    typer.echo(f"ready: {settings.log_url}")
    if secrets.unshown:
        typer.echo(f"generated keys are in {secrets.path}; the first `leadflow up` shows them")


async def _init_kafka(settings: Settings, growing: Mapping[str, int], *, apply: bool) -> bool:
    """Create, grow and set topics; False if something stays wrong."""
    # Kafka's client is loaded where it is used: the embedded mode starts without it.
    from leadflow.adapters.kafka_admin import open_topics  # noqa: PLC0415
    from leadflow.runtime.kafka import desired_topics, kafka_options, sentence  # noqa: PLC0415

    async with open_topics(kafka_options(settings)) as cluster:
        wanted = await desired_topics(settings, cluster)
        compared = plan(wanted, await cluster.found(one.name for one in wanted), grow=growing, apply=apply)
        await cluster.carry_out(compared)
    for one in compared.create:
        typer.echo(
            f"created {one.name}: {one.at_first} partitions, {one.copies} copies, {one.config['cleanup.policy']}"
        )
    for name, count in compared.grow.items():
        typer.echo(f"grown {name}: {count} partitions")
    for name, values in compared.configure.items():
        typer.echo(f"set {name}: {', '.join(f'{key}={value}' for key, value in values.items())}")
    for difference in compared.differences:
        typer.echo(f"{difference.weight.value} {sentence(difference)}")
    if not (compared.create or compared.grow or compared.configure):
        typer.echo(f"nothing to do: all {len(wanted)} topics of {settings.log_url} are there")
    return not compared.fatal


async def _init_store(settings: Settings) -> None:
    """Create or migrate the collections, and tell what was done."""
    if is_arango(settings):
        # ArangoDB's client is loaded where it is used: the embedded mode starts without it.
        from leadflow.runtime.arango import prepare_arango  # noqa: PLC0415

        for done in await prepare_arango(settings):
            typer.echo(done)
    async with AsyncExitStack() as stack:
        await open_store(settings, stack)
    typer.echo(f"ready: {settings.store_url}")
