"""An observer over a log in memory, and what came to rest in that log."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from leadflow.adapters.log_memory import MemoryLog
from leadflow.contracts.topics import REJECTED, TOUCHPOINTS
from leadflow.contracts.touchpoint import Rejected, Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.time import from_rfc3339
from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.ports import Emit, Told
from leadflow_observer.app import Observer, create_app

NOW = from_rfc3339("2026-11-21T18:33:16.947Z")
KEYS = {"k1": SourceConfig("site"), "k2": SourceConfig("partner-feed", "partner")}


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is set."""

    instant: int = NOW

    def now(self) -> int:
        """Return the instant it was set to."""
        return self.instant


class FaultyLog(MemoryLog):
    """A log that can be told to fail or to hang, and that remembers how it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.hangs = False
        self.release = asyncio.Event()  # ends the hanging
        self.appends: list[Sequence[Emit]] = []
        self.called = asyncio.Semaphore(0)  # released by each call

    async def append(self, emits: Sequence[Emit]) -> None:
        """Append, unless told otherwise."""
        self.appends.append(emits)
        self.called.release()
        if self.hangs:
            await self.release.wait()
        if self.fault is not None:
            raise self.fault
        await super().append(emits)


class PromptLog(FaultyLog):
    """One that can be told to append by who does not wait for it, and counts how often it was."""

    def __init__(self) -> None:
        super().__init__()
        self.enlisted = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def enlist(self, emits: Sequence[Emit], told: Told) -> None:
        """Append, and tell."""
        self.enlisted += 1
        task = asyncio.create_task(self.append(emits))
        self._tasks.add(task)
        task.add_done_callback(lambda done: done.cancelled() or told(done.exception()))
        task.add_done_callback(self._tasks.discard)


class World:
    """One observer with its log, clock and an HTTP client."""

    def __init__(self, log: FaultyLog | None = None, **settings: Any) -> None:
        self.log = log or FaultyLog()
        self.clock = FixedClock()
        self.backlog = Backlog(limit=1_000)
        self.settings = ObserverSettings(write_keys=KEYS, **settings)
        self.app: Observer = create_app(
            self.log, self.settings, self.clock, Hasher(b"sixteen bytes or more"), self.backlog
        )
        transport = httpx.ASGITransport(self.app, client=("203.0.113.9", 4711))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://observer")

    async def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        """Post JSON, or bytes as they are, with the key k1 unless `auth` says otherwise."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(path, content=content, **{"auth": ("k1", ""), **more})

    async def touchpoints(self) -> list[Touchpoint]:
        """Everything that was accepted, by message id."""
        found = [msgspec.json.decode(value, type=Touchpoint) for value in await self._values(TOUCHPOINTS)]
        return sorted(found, key=lambda touchpoint: touchpoint.message_id)

    async def rejected(self) -> list[Rejected]:
        """Everything that was put aside."""
        return [msgspec.json.decode(value, type=Rejected) for value in await self._values(REJECTED)]

    async def only(self) -> Touchpoint:
        """Return the one event that was accepted."""
        (touchpoint,) = await self.touchpoints()
        return touchpoint

    async def _values(self, topic: str) -> list[bytes]:
        return [
            record.value
            for partition in range(self.log.partitions(topic))
            for record in await self.log.read(topic, partition, 0, 100_000)
            if record.value is not None
        ]
