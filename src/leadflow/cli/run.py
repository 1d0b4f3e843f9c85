"""Run parts of Leadflow in this process, from binding the port to closing the files."""

import asyncio
import importlib.metadata
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from time import monotonic

import structlog
import uvloop

from leadflow import metrics
from leadflow.cli.compose import EVERYTHING, Composition, Part, compose
from leadflow.cli.entrance import Entrance
from leadflow.cli.serve import Server, bind, server, stop_on_signals
from leadflow.pipeline.hop import Hop, run_hop
from leadflow.pipeline.lag import measure_lag
from leadflow.ports import LeadflowError, Tracer, Unavailable
from leadflow.runtime import limits
from leadflow.runtime.bootstrap import Adapters, Trim, open_adapters
from leadflow.runtime.garbage import collect_rarely
from leadflow.runtime.health import Health
from leadflow.runtime.health import create_app as create_health
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings
from leadflow.runtime.supervision import Supervisor, Work
from leadflow.runtime.tracing import open_tracer

logger = structlog.get_logger(__name__)

TRIM_EVERY = 3600.0  # seconds
_LEAST_DRAIN = 1.0  # seconds that consumers get to end in order, even if the intake took all there was

_TURN_AWAY = 0.5  # seconds, of the delay of a stop, in which whoever still comes is sent elsewhere
_OPENING = "start"

Announce = Callable[[int], None]
"""Told the port once requests are served."""


class RunFailed(LeadflowError):
    """A part that has to live as long as the process died; the message says which and why."""


def run(settings: Settings, secrets: Secrets, parts: frozenset[Part], announce: Announce) -> None:
    """Run until a signal. Raises LeadflowError before anything has started, RunFailed when a part has died."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failure = runner.run(_run(settings, secrets, parts, announce))
    if failure is not None:
        raise RunFailed(failure)


@dataclass(frozen=True, slots=True)
class _Process:
    """What is there from the first to the last moment."""

    settings: Settings
    parts: frozenset[Part]
    supervisor: Supervisor
    entrance: Entrance
    http: Server
    listener: socket.socket


async def _run(settings: Settings, secrets: Secrets, parts: frozenset[Part], announce: Announce) -> str | None:
    """Answer probes, open, work, and stop in an order in which nothing accepted is lost; the reason if a part died."""
    _introduce(parts)
    supervisor = Supervisor(Health(), asyncio.Event())
    entrance = Entrance(create_health(supervisor.health))
    with bind(settings) as listener, stop_on_signals(supervisor.stop):
        process = _Process(settings, parts, supervisor, entrance, server(entrance, settings), listener)
        supervisor.health.report(_OPENING, "log and store are not open yet")
        serving = supervisor.start("http", lambda _ending: process.http.serve([listener]))
        try:
            async with AsyncExitStack() as stack:
                adapters = await _opened(stack, process, secrets)
                if adapters is not None:
                    tracer = await stack.enter_async_context(open_tracer(settings, _service(parts)))
                    await _work(process, secrets, adapters, serving, announce, tracer=tracer)
        finally:
            supervisor.stop.set()
            process.http.ask_to_stop()
            await serving
    logger.info("stopped", reason=supervisor.failure or "asked to")
    return supervisor.failure


def _introduce(parts: frozenset[Part]) -> None:
    """Tell the metrics who this is, and what it may use."""
    service = "up" if parts == EVERYTHING else "+".join(sorted(parts))
    metrics.BUILD_INFO.labels(service, importlib.metadata.version("leadflow")).set(1)
    metrics.MEMORY_LIMIT.set_function(limits.memory_bytes)
    metrics.CPU_LIMIT.set_function(limits.cpu_cores)


async def _opened(stack: AsyncExitStack, process: _Process, secrets: Secrets) -> Adapters | None:
    """Open log and store, however long their servers are away; None if a stop came first."""
    health, stop = process.supervisor.health, process.supervisor.stop

    def waits(part: str, reason: str) -> None:
        health.report(_OPENING, f"{part}: {reason}")
        logger.warning("waiting", part=part, reason=reason)

    stores = process.parts != frozenset({Part.OBSERVER})
    adapters = open_adapters(process.settings, secrets.hash_secret, waits, stores=stores)
    opening = asyncio.create_task(stack.enter_async_context(adapters))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if opening.done():
        health.withdraw(_OPENING)
        return opening.result()
    opening.cancel()
    await asyncio.wait({opening})
    return None


def _service(parts: frozenset[Part]) -> str:
    """Return what this process is called where many are seen together."""
    return "leadflow" if parts == EVERYTHING else "-".join(["leadflow", *sorted(parts)])


async def _work(
    process: _Process,
    secrets: Secrets,
    adapters: Adapters,
    serving: asyncio.Task[None],
    announce: Announce,
    *,
    tracer: Tracer | None,
) -> None:
    """Put the parts together, let them work until a stop, and drain them."""
    supervisor = process.supervisor
    composition = compose(process.parts, process.settings, secrets, adapters.ports, supervisor.health, tracer=tracer)
    supervisor.health.checks = adapters.checks
    for part, work in _background(composition, adapters).items():
        supervisor.start(part, work)
    for hop in composition.hops:
        supervisor.health.report(hop.name, "starts")
    process.entrance.site = composition.site
    collect_rarely()
    await _first(process.http.ready, supervisor.stop)
    if process.http.ready.is_set():
        announce(process.listener.getsockname()[1])
    await supervisor.stop.wait()
    await _drain(process, composition, serving)


async def _drain(process: _Process, composition: Composition, serving: asyncio.Task[None]) -> None:
    """Say that it stops, end the intake, then the consumers: what was still accepted is durable by then."""
    settings, supervisor = process.settings, process.supervisor
    deadline = monotonic() + settings.drain_timeout
    logger.info("stopping", drain_s=settings.drain_timeout)
    supervisor.health.stopping = True
    process.entrance.closing = True
    process.http.show_all_requests()
    composition.end_streams()
    if process.parts != EVERYTHING and supervisor.failure is None:
        # Others of its kind may go on: clients and balancers are to find them before the port is closed.
        delay = min(settings.drain_delay, settings.drain_timeout)
        await asyncio.sleep(max(0.0, delay - _TURN_AWAY))
        process.entrance.refusing = True
        await asyncio.sleep(min(delay, _TURN_AWAY))
    process.http.ask_to_stop()
    await serving
    composition.around.stop.set()
    await supervisor.finish(max(_LEAST_DRAIN, deadline - monotonic()))


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

    works: dict[str, Work] = {hop.name: consuming(hop) for hop in hops}
    if hops:
        works["lag"] = lambda _ending: measure_lag(hops, around, composition.backlog)
    if composition.census is not None:
        works["census"] = composition.census
    return works if adapters.trim is None else {**works, "retention": _trim_hourly(adapters.trim)}


def _trim_hourly(trim: Trim) -> Work:
    """Apply retention and compaction at the start and then every hour, until told to end."""

    async def work(ending: asyncio.Event) -> None:
        while not ending.is_set():
            try:
                logger.debug("trimmed", records=await trim())
            except Unavailable as error:
                logger.warning("not_trimmed", error=str(error))  # the next round does it
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), TRIM_EVERY)

    return work
