"""Run parts of Leadflow in this process, from binding the port to closing the files."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
import uvloop

from leadflow.cli.compose import Composition, Part, compose
from leadflow.cli.serve import bind, server, stop_on_signals
from leadflow.pipeline.hop import Hop, measure_lag, run_hop
from leadflow.ports import LeadflowError, Unavailable
from leadflow.runtime.bootstrap import Adapters, open_adapters
from leadflow.runtime.garbage import collect_rarely
from leadflow.runtime.health import Health
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings
from leadflow.runtime.supervision import Supervisor, Work

logger = structlog.get_logger(__name__)

TRIM_EVERY = 3600.0  # seconds

Announce = Callable[[int], None]
"""Told the port once requests are served."""


class RunFailed(LeadflowError):
    """A part that has to live as long as the process died; the message says which and why."""


def run(settings: Settings, secrets: Secrets, parts: frozenset[Part], announce: Announce) -> None:
    """Run until a signal. Raises SettingsError before anything has started, RunFailed when a part has died."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failure = runner.run(_run(settings, secrets, parts, announce))
    if failure is not None:
        raise RunFailed(failure)


async def _run(settings: Settings, secrets: Secrets, parts: frozenset[Part], announce: Announce) -> str | None:
    """Start, serve, and stop in an order in which nothing accepted is lost; the reason if a part died."""
    stop = asyncio.Event()
    with bind(settings) as listener, stop_on_signals(stop):
        async with open_adapters(settings, secrets.hash_secret) as adapters:
            supervisor = Supervisor(Health(adapters.checks()), stop)
            composition = compose(parts, settings, secrets, adapters.ports, supervisor.health)
            for part, work in _background(composition, adapters).items():
                supervisor.start(part, work)
            collect_rarely()
            http = server(composition.site, settings)
            serving = supervisor.start("http", lambda _ending: http.serve([listener]))
            await _first(http.ready, stop)
            if http.ready.is_set():
                announce(listener.getsockname()[1])
            await stop.wait()
            logger.info("stopping", drain_s=settings.drain_timeout)
            supervisor.health.stopping = True
            composition.end_streams()
            # The intake ends first: what it still accepts is durable, and the next start goes on from there.
            http.ask_to_stop()
            await serving
            composition.around.stop.set()
            await supervisor.finish(settings.drain_timeout)
    logger.info("stopped", reason=supervisor.failure or "asked to")
    return supervisor.failure


async def _first(*events: asyncio.Event) -> None:
    """Return when one of the events is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


def _background(composition: Composition, adapters: Adapters) -> dict[str, Work]:
    """Return what has to live as long as the process, by the names that /readyz shows."""
    around, hops = composition.around, composition.hops

    def consuming(hop: Hop) -> Work:
        return lambda _ending: run_hop(hop, around)

    works: dict[str, Work] = {f"{hop.group}:{hop.topic}": consuming(hop) for hop in hops}
    if hops:
        works["lag"] = lambda _ending: measure_lag(hops, around, composition.backlog)
    return {**works, "retention": _trim_hourly(adapters)}


def _trim_hourly(adapters: Adapters) -> Work:
    """Apply retention and compaction at the start and then every hour, until told to end."""

    async def work(ending: asyncio.Event) -> None:
        while not ending.is_set():
            try:
                logger.debug("trimmed", records=await adapters.trim())
            except Unavailable as error:
                logger.warning("not_trimmed", error=str(error))  # the next round does it
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), TRIM_EVERY)

    return work
