"""`/healthz`: the process runs. `/readyz`: it can work. `/metrics`: what it has done. The same in every service."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import make_asgi_app

from leadflow import metrics
from leadflow.contracts.collections import CHECKPOINTS
from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.ports import LeadflowError, Log, Store

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_CHECK_SECONDS = 2.0
OK = "ok"

Check = Callable[[], Awaitable[object]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(slots=True)
class Health:
    """What this process knows of its parts: `tasks` as they were last seen, `checks` asked anew each time.

    `died` names a part without which the process is of no more use: it is not even alive then.
    """

    checks: Mapping[str, Check] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    stopping: bool = False
    died: str | None = None

    def report(self, part: str, state: str = OK) -> None:
        """Note the state of a task: `ok`, or in words why it does not work."""
        self.tasks[part] = state
        metrics.PART_UP.labels(part).set(state == OK)

    def withdraw(self, *parts: str) -> None:
        """Forget what was reported of parts that are there no more."""
        for part in parts:
            if self.tasks.pop(part, None) is not None:
                metrics.PART_UP.remove(part)

    async def parts(self) -> dict[str, str]:
        """Return the state of every part."""
        names = list(self.checks)
        states = await asyncio.gather(*(_state(self.checks[name]) for name in names))
        for name, state in zip(names, states, strict=True):
            metrics.PART_UP.labels(name).set(state == OK)
        return {**dict(zip(names, states, strict=True)), **self.tasks}

    async def look(self) -> tuple[bool, dict[str, str]]:
        """Return whether this process can do its work now, and the state of every part."""
        parts = await self.parts()
        ready = not self.stopping and all(state == OK for state in parts.values())
        metrics.READY.set(ready)
        return ready, parts


def log_check(log: Log) -> Check:
    """Return the check of a log: it has to answer a small question in time."""
    return lambda: log.bounds(TOUCHPOINTS)


def store_check(store: Store) -> Check:
    """Return the check of a store: it has to answer a small question in time."""
    return lambda: store.get(CHECKPOINTS, ["readyz"])


async def _state(check: Check) -> str:
    """Ask once, within a deadline."""
    try:
        await asyncio.wait_for(check(), _CHECK_SECONDS)
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS:g} s"
    except LeadflowError as error:
        return str(error)
    return OK


def create_app(health: Health) -> Asgi:
    """Serve the three paths of `PATHS` to GET and HEAD."""
    expose = make_asgi_app()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, {"code": "method_not_allowed", "message": "use GET"}, [(b"allow", b"GET, HEAD")])
        elif scope["path"] == "/healthz":
            alive = health.died is None
            await _answer(send, 200 if alive else 503, {"status": OK if alive else f"died: {health.died}"})
        elif scope["path"] == "/readyz":
            ready, parts = await health.look()
            status = "ready" if ready else "stopping" if health.stopping else "not ready"
            await _answer(send, 200 if ready else 503, {"status": status, "parts": parts})
        else:
            await health.look()  # what is scraped is true now, also where nobody asks for readiness
            await expose(scope, receive, send)

    return app


async def _answer(send: Any, status: int, body: object, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """Send a small JSON answer that nobody may cache."""
    content = json.dumps(body).encode()
    always = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": always + (headers or [])})
    await send({"type": "http.response.body", "body": content})
