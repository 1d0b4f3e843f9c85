"""Where the observer's time goes: CPU per event of each stage, without a server, each stage holding the one before it.

All in one process and one event loop: what R1 and R2 measure besides is the HTTP server and the waiting.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop

from bench.events import Events
from bench.goals import Figure
from bench.http import WRITE_KEY
from bench.measure import Contender, timed
from bench.options import Options
from bench.people import Crowd
from bench.workbench import HASHER, SOURCE
from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.system_clock import SystemClock
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.events import shared_by, take_event
from leadflow.pipeline.ingest.payload import Payload, read_payload
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.ports import Emit, Told
from leadflow.runtime.direct import EXTENSION, Prepare, Take
from leadflow.runtime.garbage import collect_rarely
from leadflow_observer.app import create_app

BATCH = 100
_EVENTS = 4_000
_SETTINGS = ObserverSettings(write_keys={WRITE_KEY: SOURCE})
_CREDENTIALS = b"Basic " + base64.b64encode(f"{WRITE_KEY}:".encode())
_decode = msgspec.json.Decoder().decode

Round = Callable[[], Awaitable[None]]


class _Forgetful:
    """The part of a log that the observer uses, for nothing."""

    def __init__(self) -> None:
        self.tell: Told = _nobody

    async def append(self, emits: Sequence[Emit]) -> None:
        """Say that it is durable."""

    def enlist(self, _emits: Sequence[Emit], told: Told) -> None:
        """Let it be said by whoever calls `tell`."""
        self.tell = told


def _nobody(_error: Exception | None) -> None:
    """Nobody has been told of anything yet."""


def measure(options: Options) -> list[Figure]:
    """Let the stages take turns."""
    return uvloop.run(_measure(options))


async def _measure(options: Options) -> list[Figure]:
    made = list(Events(Crowd(options.profiles, 1)).take(_EVENTS))
    batches = [b'{"batch":[' + b",".join(made[at : at + BATCH]) + b"]}" for at in range(0, _EVENTS, BATCH)]
    with TemporaryDirectory() as folder:
        log = await SqliteLog.open(Path(folder) / "log.db")
        try:
            single = _stages(log, made, "/v1/{}", (1, 32, 128))
            batch = _stages(log, batches, "/v1/batch", (1, 32))
            collect_rarely()  # as every part of Leadflow does
            return [
                await _figure("intake/single", single, options.rounds),
                await _figure("intake/batch", batch, options.rounds),
            ]
        finally:
            await log.close()


async def _figure(name: str, stages: dict[str, Round], rounds: int) -> Figure:
    contenders = {stage: Contender(stage) for stage in stages}
    for number in range(rounds + 1):
        for stage, run in stages.items():
            with timed() as watch:
                await run()
            if number:  # the first round warms up
                contenders[stage].add(_EVENTS, watch)
    return Figure(
        name,
        contenders["request"].cpu_us,
        {f"{stage}_us": contender.cpu_us for stage, contender in contenders.items() if stage != "request"},
    )


def _stages(log: SqliteLog, bodies: Sequence[bytes], path: str, at_once: Sequence[int]) -> dict[str, Round]:
    batch = path == "/v1/batch"
    delivery = Delivery(source=SOURCE, received_at=SystemClock().now())

    def events(body: bytes) -> None:
        payload = read_payload(body, batch=batch, limits=_SETTINGS)
        if not isinstance(payload, Payload):
            raise TypeError(f"the observer refuses a body of the benchmark: {payload}")
        shared = shared_by(payload, None, delivery, limits=_SETTINGS, hasher=HASHER)
        for raw in payload.events:
            take_event(raw, shared, payload.plain)

    nothing = _Forgetful()
    forgetful = create_app(nothing, _SETTINGS, SystemClock(), HASHER)  # type: ignore[arg-type]  # all it needs
    durable = create_app(log, _SETTINGS, SystemClock(), HASHER)
    scopes = [_scope(path.format(_decode(body).get("type")), body) for body in bodies]
    return {
        "decode": _each(_decode, bodies),
        "events": _each(events, bodies),
        "request": _requests(forgetful, scopes, bodies, 1),
        **({} if batch else {"direct": _directly(forgetful, nothing, scopes, bodies)}),
        **{f"durable_{count}": _requests(durable, scopes, bodies, count) for count in at_once},
    }


def _each(stage: Callable[[bytes], Any], bodies: Sequence[bytes]) -> Round:
    async def run() -> None:
        for body in bodies:
            stage(body)

    return run


def _requests(app: Any, scopes: Sequence[Any], bodies: Sequence[bytes], at_once: int) -> Round:
    """Serve all requests, so many at a time."""

    async def request(scope: Any, body: bytes) -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await app(scope, receive, _send)

    async def run() -> None:
        if at_once == 1:
            for scope, body in zip(scopes, bodies, strict=True):
                await request(scope, body)
            return
        for start in range(0, len(bodies), at_once):
            end = start + at_once
            await asyncio.gather(*map(request, scopes[start:end], bodies[start:end]))

    return run


def _directly(app: Any, log: _Forgetful, scopes: Sequence[Any], bodies: Sequence[bytes]) -> Round:
    """Take all requests the direct way, one after the other, as with heads that the server remembers."""
    offers: list[Prepare] = []

    def head(scope: Any) -> Take:
        take = offers[-1](scope["path"], dict(scope["headers"]))
        if take is None:
            raise RuntimeError(f"the observer leaves a request of the benchmark to ASGI: {scope}")
        return take

    app({**scopes[0], "extensions": {EXTENSION: {"offer": offers.append}}}, None, None).close()
    takes = [head(scope) for scope in scopes]

    async def run() -> None:
        for take, body in zip(takes, bodies, strict=True):
            take(body, _reply)
            log.tell(None)

    return run


def _reply(status: int, _headers: bytes, body: bytes) -> None:
    """Hold what the observer says to its word."""
    if status != 200:  # noqa: PLR2004  # HTTP's success
        raise RuntimeError(f"the observer refuses an event of the benchmark: {body!r}")


async def _send(message: Any) -> None:
    """Hold what the observer says to its word."""
    if message.get("status", 200) != 200:  # noqa: PLR2004  # HTTP's success
        raise RuntimeError(f"the observer refuses an event of the benchmark: {message}")


def _scope(path: str, body: bytes) -> dict[str, Any]:
    """Make what uvicorn would."""
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", _CREDENTIALS),
            (b"user-agent", b"bench"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
