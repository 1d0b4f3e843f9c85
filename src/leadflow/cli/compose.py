"""The composition root: which parts a process runs, and what each of them is given."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import leadflow_processor.service
import leadflow_scoring.service
from leadflow.cli.dispatch import Site
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.hop import Hop, Surroundings
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.ports import Ports
from leadflow.runtime.health import Health
from leadflow.runtime.health import create_app as create_health
from leadflow.runtime.model import identity_rules, scoring_model
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings
from leadflow_admin_api.app import create_app as create_admin
from leadflow_admin_api.pending import pending_in
from leadflow_admin_api.settings import AdminSettings
from leadflow_observer.app import create_app as create_observer
from leadflow_observer.app import handles


class Part(StrEnum):
    """The services, by the names of their commands."""

    OBSERVER = "observer"
    PROCESSOR = "processor"
    SCORING = "scoring"
    ADMIN_API = "admin-api"


EVERYTHING = frozenset(Part)


@dataclass(frozen=True, slots=True)
class Composition:
    """A process, put together: what serves HTTP, what consumes, and how its open event streams are told to end."""

    site: Site
    around: Surroundings
    hops: tuple[Hop, ...]
    end_streams: Callable[[], None]


def observer_settings(settings: Settings, secrets: Secrets) -> ObserverSettings:
    """Tell the observer who may send what, and its bounds."""
    return ObserverSettings(
        write_keys={key: SourceConfig(name, settings.qualities.get(name)) for key, name in secrets.keys.items()},
        max_event_bytes=settings.max_event_bytes,
        max_batch_bytes=settings.max_batch_bytes,
        rate_limit=settings.rate_limit,
        max_in_flight=settings.max_in_flight,
        ack_timeout=settings.ack_timeout,
        store_ip=settings.store_ip,
        trust_proxy=settings.trust_proxy,
    )


def admin_settings(settings: Settings, secrets: Secrets, ports: Ports) -> AdminSettings:
    """Tell the admin API its token, the model and the rules in force."""
    return AdminSettings(
        token=secrets.admin_token,
        model=scoring_model(settings),
        rules=identity_rules(settings),
        sources=(*sorted(set(secrets.keys.values())), "admin"),
        pending=pending_in(ports.log, leadflow_processor.service.GROUP),
    )


def hops_of(parts: frozenset[Part], settings: Settings, around: Surroundings, hasher: Hasher) -> tuple[Hop, ...]:
    """Return everything that the chosen parts consume."""
    hops: tuple[Hop, ...] = ()
    if Part.PROCESSOR in parts:
        hops += leadflow_processor.service.hops(around, hasher, identity_rules(settings))
    if Part.SCORING in parts:
        hops += leadflow_scoring.service.hops(around, scoring_model(settings))
    return hops


def compose(parts: frozenset[Part], settings: Settings, secrets: Secrets, ports: Ports, health: Health) -> Composition:
    """Put the parts together. Raises SettingsError where a model or a rule is wrong."""
    stop = asyncio.Event()
    around = Surroundings(ports.log, ports.store, ports.clock, stop)
    observer = admin = None
    if Part.OBSERVER in parts:
        observer = create_observer(ports.log, observer_settings(settings, secrets), ports.clock, ports.hasher)
    if Part.ADMIN_API in parts:
        given = admin_settings(settings, secrets, ports)
        admin = create_admin(ports.log, ports.store, ports.clock, ports.hasher, given)
    return Composition(
        site=Site(create_health(health), observer, handles, admin),
        around=around,
        hops=hops_of(parts, settings, around, ports.hasher),
        end_streams=admin.state.context.stopping.set if admin else lambda: None,
    )
