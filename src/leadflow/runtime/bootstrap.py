"""From settings to adapters: which log, which store. The only place that knows them all."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.core.identity.hashing import Hasher
from leadflow.ports import Clock, Log, Ports, Store, Unavailable
from leadflow.runtime.health import Check, log_check, store_check
from leadflow.runtime.settings import Settings, SettingsError
from leadflow.runtime.topics import topics_of

if TYPE_CHECKING:
    from leadflow.adapters.log_kafka import KafkaLog

T = TypeVar("T")

Waits = Callable[[str, str], None]
"""Told which part is waited for, and why: a server that is away is no reason to end."""
Trim = Callable[[], Awaitable[int]]
"""Removes what retention and compaction say; the number of records removed."""

_LATER = "{variable} names {scheme}, which is not in this version: use {instead}"
_LOGS, _STORES = "sqlite:///path or kafka://host:port", "sqlite:///path or arango://host:port/database"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Adapters:
    """The ports, and what only the runtime may ask of what is behind them."""

    ports: Ports
    checks: Mapping[str, Check]  # what /readyz asks: they can be read and, where a write failed, be written again
    trim: Trim | None = None  # None: the log does it by itself


@dataclass(frozen=True, slots=True)
class _Log:
    """A log, opened."""

    port: Log
    check: Check
    trim: Trim | None = None


def is_kafka(settings: Settings) -> bool:
    """Whether the log is on Kafka: its topics are made by `leadflow init` alone, and nothing is generated."""
    return settings.log_url.startswith("kafka://")


def is_arango(settings: Settings) -> bool:
    """Whether the store is on ArangoDB: its collections are made by `leadflow init` alone."""
    return settings.store_url.startswith("arango://")


def in_silence(_part: str, _reason: str) -> None:
    """Wait without telling anybody."""


@asynccontextmanager
async def open_adapters(
    settings: Settings, hash_secret: bytes, waits: Waits = in_silence, *, stores: bool = True
) -> AsyncIterator[Adapters]:
    """Open log and store, and close them at the end; a server that is away is waited for.

    SQLite files are created or migrated where needed. `stores` False: for a process that asks the store nothing, which
    then needs none. Raises SettingsError, TopicsDiffer.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        log = await _open_log(settings, clock, stack, waits)
        checks = {"log": log.check}
        store: Store = MemoryStore()  # stands in where nobody asks
        if stores:
            store, checks["store"] = await open_store(settings, stack, waits)
        yield Adapters(Ports(log=log.port, store=store, clock=clock, hasher=Hasher(hash_secret)), checks, log.trim)


async def _open_log(settings: Settings, clock: Clock, stack: AsyncExitStack, waits: Waits) -> _Log:
    """Open the log that LEADFLOW_LOG names."""
    if is_kafka(settings):
        kafka = await _open_kafka(settings, clock, waits)
        stack.push_async_callback(kafka.close)
        return _Log(kafka, _both(log_check(kafka), kafka.check))
    log = await open_sqlite_log(settings, clock, stack)
    return _Log(log, _both(log_check(log), log.writer.check), lambda: log.trim(clock.now()))


async def _open_kafka(settings: Settings, clock: Clock, waits: Waits) -> "KafkaLog":
    """Look at the topics, then open the log on them, as soon as a broker answers."""
    # Kafka's client is loaded where it is used: the embedded mode starts without it.
    from leadflow.adapters.log_kafka import KafkaLog  # noqa: PLC0415
    from leadflow.runtime.kafka import check_topics, kafka_options  # noqa: PLC0415

    async def attempt() -> KafkaLog:
        await check_topics(settings)
        return await KafkaLog.open(kafka_options(settings), clock=clock, topics=topics_of(settings))

    return await _patiently(attempt, partial(waits, "log"))


async def _patiently(attempt: Callable[[], Awaitable[T]], waits: Callable[[str], None]) -> T:
    """Try until it is available."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            waits(str(error))
        # With jitter: all services of a cluster that comes back would ask at once.
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreading load needs no secrecy
        pause = min(pause * 2, _LONGEST_PAUSE)


async def open_sqlite_log(settings: Settings, clock: Clock, stack: AsyncExitStack) -> SqliteLog:
    """Open the log in a file of its own. Raises SettingsError."""
    path = _sqlite_path("LEADFLOW_LOG", settings.log_url, _LOGS)
    if settings.store_url.startswith("sqlite:") and path.resolve() == _store_path(settings).resolve():
        raise SettingsError("LEADFLOW_LOG and LEADFLOW_STORE name the same file: each needs one of its own")
    _make_folder(path)
    log = await SqliteLog.open(
        path,
        partitions=settings.partitions,
        clock=clock,
        topics=topics_of(settings),
        max_waiting_bytes=settings.max_waiting_bytes,
        traces=settings.traced,
    )
    stack.push_async_callback(log.close)
    return log


async def open_store(settings: Settings, stack: AsyncExitStack, waits: Waits = in_silence) -> tuple[Store, Check]:
    """Open the store that LEADFLOW_STORE names, and say what /readyz asks it. Raises SettingsError, NotPrepared."""
    if is_arango(settings):
        # ArangoDB's client is loaded where it is used: the embedded mode starts without it.
        from leadflow.runtime.arango import open_arango  # noqa: PLC0415

        arango = await _patiently(lambda: open_arango(settings), partial(waits, "store"))
        stack.push_async_callback(arango.close)
        return arango, store_check(arango)
    path = _store_path(settings)
    _make_folder(path)
    store = await SqliteStore.open(path)
    stack.push_async_callback(store.close)
    return store, _both(store_check(store), store.writer.check)


def _store_path(settings: Settings) -> Path:
    return _sqlite_path("LEADFLOW_STORE", settings.store_url, _STORES)


def _make_folder(path: Path) -> None:
    """Make the folder of a file. Raises SettingsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(f"{path.parent} cannot be made: {error.strerror}") from error


def _sqlite_path(variable: str, url: str, instead: str) -> Path:
    """Return the file that a URL names: `sqlite:///relative`, `sqlite:////absolute`."""
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        raise SettingsError(_LATER.format(variable=variable, scheme=scheme, instead=instead))
    if not rest.startswith("/") or len(rest) == 1:
        raise SettingsError(f"{variable} is {url!r}: write sqlite:///path, or sqlite:////path for an absolute one")
    return Path(rest[1:])


def _both(first: Check, second: Check) -> Check:
    """Ask one thing after the other."""

    async def check() -> None:
        await first()
        await second()

    return check
