"""The embedded pipeline under a clock that runs fast, so that a day of traffic passes in minutes.

`python -m bench.pressure.hasty FOLDER SPEED RETENTION_HOURS` prints its port and serves until its standard input
closes. What stands apart from `leadflow up`: the clock, the retention in hours of that clock, a trim every hour of it,
and memories as much smaller as the traffic is. `GET /bench/vitals` tells how many tasks and trimmed records there are.
"""

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench.http import WRITE_KEY
from bench.pressure.instance import ADMIN_TOKEN
from bench.workbench import HASHER, PARTITIONS, SOURCE
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.cli.compose import EVERYTHING, compose
from leadflow.cli.serve import bind, server
from leadflow.contracts.topics import TOPICS, Topic
from leadflow.core.time import DAY, HOUR
from leadflow.pipeline.hop import run_hop
from leadflow.pipeline.lag import measure_lag
from leadflow.pipeline.processor import knowledge
from leadflow.ports import Ports
from leadflow.runtime.health import Asgi, Health
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import load_settings

REMEMBERED = 10_000
_LOOK_SECONDS = 0.2


@dataclass(slots=True)
class HastyClock:
    """A clock that begins now and runs `speed` times as fast."""

    speed: float
    _began: float = field(default_factory=time.monotonic)
    _at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self._at + int(1_000 * self.speed * (time.monotonic() - self._began))


async def _serve(folder: Path, speed: float, retention_hours: float) -> None:
    knowledge._REMEMBERED = REMEMBERED  # noqa: SLF001  a memory of the size of the traffic's share
    settings = load_settings(data=folder, port=0)
    clock = HastyClock(speed)
    async with AsyncExitStack() as stack:
        log = await SqliteLog.open(folder / "log.db", partitions=PARTITIONS, clock=clock, topics=_one_day(TOPICS))
        stack.push_async_callback(log.close)
        store = await SqliteStore.open(folder / "store.db")
        stack.push_async_callback(store.close)
        secrets = Secrets(keys={WRITE_KEY: SOURCE.name}, admin_token=ADMIN_TOKEN, hash_secret=b"")
        composition = compose(EVERYTHING, settings, secrets, Ports(log, store, clock, HASHER), Health({}))
        retention = _Retention(log, clock, retention_hours)
        stop = composition.around.stop
        tasks = [
            *(asyncio.create_task(run_hop(hop, composition.around)) for hop in composition.hops),
            asyncio.create_task(measure_lag(composition.hops, composition.around, composition.backlog)),
            asyncio.create_task(retention.run(stop)),
        ]
        listener = stack.enter_context(bind(settings))
        running = server(_with_vitals(composition.site, retention), settings)
        serving = asyncio.create_task(running.serve([listener]))
        await running.ready.wait()
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)  # until whoever started it goes or closes
        running.ask_to_stop()
        await serving
        stop.set()
        await asyncio.gather(*tasks)


class _Retention:
    """The hourly trim. Retention is in whole days: looking from further ahead makes hours of it."""

    def __init__(self, log: SqliteLog, clock: HastyClock, hours: float) -> None:
        self.trimmed = 0
        self._log = log
        self._clock = clock
        self._ahead = DAY - int(hours * HOUR)

    async def run(self, stop: asyncio.Event) -> None:
        """Trim every hour of the clock until `stop`."""
        due = self._clock.now() + HOUR
        while not stop.is_set():
            await asyncio.sleep(_LOOK_SECONDS)
            if self._clock.now() >= due:
                due += HOUR
                self.trimmed += await self._log.trim(self._clock.now() + self._ahead)


def _one_day(topics: tuple[Topic, ...]) -> list[Topic]:
    """Let every topic that forgets by age forget after a day."""
    return [msgspec.structs.replace(t, retention_days=1) if t.retention_days else t for t in topics]


def _with_vitals(app: Asgi, retention: _Retention) -> Asgi:
    """Answer the benchmark's own question ahead of an application."""

    async def site(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/bench/vitals":
            await app(scope, receive, send)
            return
        body = msgspec.json.encode({"tasks": len(asyncio.all_tasks()), "trimmed": retention.trimmed})
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    return site


if __name__ == "__main__":
    os.umask(0o077)
    uvloop.run(_serve(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
