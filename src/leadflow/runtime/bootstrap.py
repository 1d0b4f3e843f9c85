"""From settings to adapters: which log, which store. The only place that knows them all."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.contracts import topics
from leadflow.core.identity.hashing import Hasher
from leadflow.ports import Ports
from leadflow.runtime.health import Check, port_checks
from leadflow.runtime.settings import Settings, SettingsError

_LATER = "{variable} names {scheme}, which is not in this version: use sqlite:///path"

_ADJUSTABLE = frozenset({topics.TOUCHPOINTS, topics.IDENTITY, topics.RESOLVED})


@dataclass(frozen=True, slots=True)
class Adapters:
    """The ports, and what only the runtime may ask of the log."""

    ports: Ports
    log: SqliteLog
    store: SqliteStore

    def checks(self) -> dict[str, Check]:
        """Return what /readyz asks: both ports can be read and, where the latest write failed, be written again."""
        reads = port_checks(self.ports.log, self.ports.store)
        writers = {"log": self.log.writer, "store": self.store.writer}

        async def check(name: str) -> None:
            await reads[name]()
            await writers[name].check()

        return {name: partial(check, name) for name in reads}

    async def trim(self) -> int:
        """Remove what retention and compaction say; the number of records removed."""
        return await self.log.trim(self.ports.clock.now())


@asynccontextmanager
async def open_adapters(settings: Settings, hash_secret: bytes) -> AsyncIterator[Adapters]:
    """Open log and store, created or migrated where needed, and close them at the end. Raises SettingsError."""
    log_path = _sqlite_path("LEADFLOW_LOG", settings.log_url)
    store_path = _sqlite_path("LEADFLOW_STORE", settings.store_url)
    if log_path.resolve() == store_path.resolve():
        raise SettingsError("LEADFLOW_LOG and LEADFLOW_STORE name the same file: each needs one of its own")
    for path in (log_path, store_path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(f"{path.parent} cannot be made: {error.strerror}") from error
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        log = await SqliteLog.open(
            log_path,
            partitions=settings.partitions,
            clock=clock,
            topics=_topics(settings),
            max_waiting_bytes=settings.max_waiting_bytes,
        )
        stack.push_async_callback(log.close)
        store = await SqliteStore.open(store_path)
        stack.push_async_callback(store.close)
        yield Adapters(Ports(log=log, store=store, clock=clock, hasher=Hasher(hash_secret)), log, store)


def _topics(settings: Settings) -> list[topics.Topic]:
    """Return the topics, with the retention that the settings ask for."""
    return [
        msgspec.structs.replace(topic, retention_days=settings.retention_days) if topic.name in _ADJUSTABLE else topic
        for topic in topics.TOPICS
    ]


def _sqlite_path(variable: str, url: str) -> Path:
    """Return the file that a URL names: `sqlite:///relative`, `sqlite:////absolute`."""
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        raise SettingsError(_LATER.format(variable=variable, scheme=scheme))
    if not rest.startswith("/") or len(rest) == 1:
        raise SettingsError(f"{variable} is {url!r}: write sqlite:///path, or sqlite:////path for an absolute one")
    return Path(rest[1:])
