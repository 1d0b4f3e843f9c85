"""The composition root: which parts a process runs, and what each of them is given.

Each part is imported where it is put together: a deployable of one part needs the packages of that part alone.
"""

# ruff: noqa: PLC0415 - see above

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING

from leadflow.cli.dispatch import Site
from leadflow.core.time import DAY
from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.hop import Hop, Surroundings
from leadflow.pipeline.traced import traced
from leadflow.ports import Ports, Tracer
from leadflow.runtime.health import OK, Asgi, Health
from leadflow.runtime.health import create_app as create_health
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings
from leadflow.runtime.supervision import Work
from leadflow.runtime.topics import topics_of
from leadflow.runtime.traced_requests import TracedApp, TracedLog

if TYPE_CHECKING:
    from fastapi import FastAPI


class Part(StrEnum):
    """The services, by the names of their commands."""

    OBSERVER = "observer"
    PROCESSOR = "processor"
    SCORING = "scoring"
    ADMIN_API = "admin-api"


EVERYTHING = frozenset(Part)


@dataclass(frozen=True, slots=True)
class Composition:
    """A process, put together: what serves HTTP, what consumes, how far that is behind, how event streams are ended."""

    site: Site
    around: Surroundings
    hops: tuple[Hop, ...]
    backlog: Backlog
    end_streams: Callable[[], None]
    census: Work | None  # counts leads for the metrics


def compose(
    parts: frozenset[Part],
    settings: Settings,
    secrets: Secrets,
    ports: Ports,
    health: Health,
    *,
    tracer: Tracer | None = None,
) -> Composition:
    """Put the parts together; without a tracer none of them knows of traces.

    Raises LeadflowError where a setting or the model is wrong.
    """
    if tracer is not None:
        ports = replace(ports, log=TracedLog(ports.log))
    around = Surroundings(ports.log, ports.store, ports.clock, asyncio.Event(), _telling(health))
    hops: tuple[Hop, ...] = ()
    if Part.PROCESSOR in parts:
        hops += _processor(settings, around, ports)
    if Part.SCORING in parts:
        hops += _scoring(settings, around)
    _tell_retention(hops, settings)
    backlog = Backlog(settings.max_lag)
    observer, observes = _observer(settings, secrets, ports, backlog) if Part.OBSERVER in parts else (None, _nothing)
    admin, census = _admin(settings, secrets, ports) if Part.ADMIN_API in parts else (None, None)
    site = Site(create_health(health), observer, observes, admin)
    if tracer is not None:
        hops = tuple(traced(hop, tracer) for hop in hops)
        site = _traced_site(site, tracer)
    return Composition(
        site=site,
        around=around,
        hops=hops,
        backlog=backlog,
        end_streams=admin.state.context.stopping.set if admin else lambda: None,
        census=census,
    )


def _tell_retention(hops: tuple[Hop, ...], settings: Settings) -> None:
    """Tell each hop's metrics how long the log keeps what it reads."""
    days = {topic.name: topic.retention_days for topic in topics_of(settings)}
    for hop in hops:
        kept = days[hop.topic]
        hop.metrics.retention.set(inf if kept is None else kept * DAY / 1_000)


def _traced_site(site: Site, tracer: Tracer) -> Site:
    """Trace the requests that put something into the log."""
    observer = TracedApp(site.observer, "observer receive", tracer) if site.observer else None
    admin = TracedApp(site.admin, "admin-api act", tracer) if site.admin else None
    return replace(site, observer=observer, admin=admin)


def _telling(health: Health) -> Callable[[str, str | None], None]:
    """Tell readiness how each hop is."""
    return lambda hop, reason: health.report(hop, reason or OK)


def _nothing(_path: str) -> bool:
    """Return whether a path is the observer's where there is none."""
    return False


def _observer(
    settings: Settings, secrets: Secrets, ports: Ports, backlog: Backlog
) -> tuple[Asgi, Callable[[str], bool]]:
    """Tell the observer who may send what, and its bounds."""
    from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
    from leadflow_observer.app import create_app, handles

    given = ObserverSettings(
        write_keys={key: SourceConfig(name, settings.qualities.get(name)) for key, name in secrets.keys.items()},
        max_event_bytes=settings.max_event_bytes,
        max_batch_bytes=settings.max_batch_bytes,
        rate_limit=settings.rate_limit,
        max_in_flight=settings.max_in_flight,
        max_in_flight_bytes=settings.max_waiting_bytes,
        ack_timeout=settings.ack_timeout,
        store_ip=settings.store_ip,
        trust_proxy=settings.trust_proxy,
    )
    return create_app(ports.log, given, ports.clock, ports.hasher, backlog), handles


def _processor(settings: Settings, around: Surroundings, ports: Ports) -> tuple[Hop, ...]:
    """Tell the processor and the resolver the rules of identity."""
    from leadflow.runtime.rules import identity_rules
    from leadflow_processor.service import hops

    return hops(around, ports.hasher, identity_rules(settings), settings.max_rejected_share)


def _scoring(settings: Settings, around: Surroundings) -> tuple[Hop, ...]:
    """Tell scoring its model."""
    from leadflow.runtime.model import scoring_model
    from leadflow_scoring.service import hops

    return hops(around, scoring_model(settings), settings.max_rejected_share)


def _admin(settings: Settings, secrets: Secrets, ports: Ports) -> "tuple[FastAPI, Work]":
    """Tell the admin API its token, the model and the rules in force."""
    from leadflow.runtime.model import scoring_model
    from leadflow.runtime.rules import identity_rules
    from leadflow_admin_api.app import create_app
    from leadflow_admin_api.census import count_leads
    from leadflow_admin_api.pending import pending_in
    from leadflow_admin_api.settings import ACTION_SOURCE, AdminSettings
    from leadflow_processor.service import GROUP

    given = AdminSettings(
        token=secrets.admin_token,
        model=scoring_model(settings),
        rules=identity_rules(settings),
        sources=(*sorted(set(secrets.keys.values())), ACTION_SOURCE),
        pending=pending_in(ports.log, GROUP),
    )
    app = create_app(ports.log, ports.store, ports.clock, ports.hasher, given)
    return app, lambda ending: count_leads(ports.store, given, ending)
