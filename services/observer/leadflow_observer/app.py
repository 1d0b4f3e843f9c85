"""The observer as an ASGI application: a look-up by path, then the pipe. No framework stands on the hot path."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Counter

from leadflow import metrics
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.backlog import RETRY_SECONDS, Backlog
from leadflow.pipeline.ingest.pipe import Ingest, Parcel
from leadflow.pipeline.ingest.refusal import Refusal, try_later
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.pipeline.ingest.write_key import source_of
from leadflow.ports import Clock, Log
from leadflow_observer.admission import Admission
from leadflow_observer.answers import PIXEL, PREFLIGHT, SUCCESS, Answer, refuse, response_headers
from leadflow_observer.reading import Disconnected, Message, Receive, read_body
from leadflow_observer.request import (
    Request,
    anonymous_id,
    client_ip,
    key_places,
    pixel_data,
    read_request,
    sent_at,
)
from leadflow_observer.routes import Route, route_of

Scope = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_FIRST_TEMPORARY = 500
_CLIENT_CLOSED = 499  # as nginx counts it; nobody reads this answer

_logger = structlog.get_logger(__name__)


def create_app(
    log: Log, settings: ObserverSettings, clock: Clock, hasher: Hasher, backlog: Backlog | None = None
) -> "Observer":
    """Put the observer together: a plain ASGI application; `handles` tells which paths are its own.

    `backlog`: of the hops that share this process, if any do.
    """
    return Observer(Ingest(log, settings, clock, hasher), settings, backlog or Backlog())


def handles(path: str) -> bool:
    """Whether a path belongs to the observer."""
    return route_of(path) is not None


class Observer:
    """Serves the Segment HTTP tracking API. State: how much is in flight, nothing else."""

    def __init__(self, ingest: Ingest, settings: ObserverSettings, backlog: Backlog) -> None:
        self._ingest = ingest
        self._settings = settings
        self._backlog = backlog
        self._admission = Admission(settings.max_in_flight, settings.max_in_flight_bytes)
        metrics.OBSERVER_IN_FLIGHT.set_function(lambda: self._admission.inside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request (ASGI 3)."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = read_request(scope)
        route = route_of(request.path)
        path = route.path if route else "other"
        try:
            answer = await self._answer(route, request, receive)
        except Disconnected:
            _answered(path, _CLIENT_CLOSED).inc()
            return
        _answered(path, answer.status).inc()
        headers = response_headers(answer, request.headers.get(b"origin"))
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
        except OSError:  # the client has gone: what was acknowledged is durable all the same
            return

    async def _answer(self, route: Route | None, request: Request, receive: Receive) -> Answer:
        if request.method == "OPTIONS":
            return PREFLIGHT
        if route is None:
            return refuse(Refusal(404, "not_found", "there is no such path; events go to /v1/batch or /v1/{type}"))
        if request.method != route.method:
            allowed = f"{route.method}, OPTIONS"
            wrong = Refusal(405, "method_not_allowed", f"this path takes {allowed}")
            return refuse(wrong, (b"allow", allowed.encode()))
        refusal = await self._admit(route, request, receive)
        if refusal is not None:
            metrics.OBSERVER_REJECTED.labels(refusal.code).inc()
        if route.pixel and (refusal is None or not _temporary(refusal)):
            return PIXEL  # a picture in a mail must not turn into a broken one because of what is behind it
        return SUCCESS if refusal is None else refuse(refusal)

    async def _admit(self, route: Route, request: Request, receive: Receive) -> Refusal | None:
        """Let the request in if there is room, and see it through."""
        limit = self._settings.max_event_bytes if route.batch is False else self._settings.max_batch_bytes
        announced = _announced(request)
        if announced is not None and announced > limit:
            return self._ingest.too_large(route.batch)
        if self._backlog.full:
            return try_later(503, "behind", "what came before has to be worked off: send it again", RETRY_SECONDS)
        size = limit if announced is None else announced
        if not self._admission.enter(size):
            return try_later(503, "overloaded", "too many requests at once: send it again")
        try:
            return await self._take(route, request, receive, limit)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  # one request harms itself alone; the sender keeps its events
            # The error's text may quote the event: its kind is all that a log may hold.
            _logger.error("observer_failed", path=route.path, error=type(error).__name__)  # noqa: TRY400
            return try_later(503, "internal_error", "this could not be handled now: send it again")
        finally:
            self._admission.leave(size)

    async def _take(self, route: Route, request: Request, receive: Receive, limit: int) -> Refusal | None:
        keys = key_places(request)
        if keys.basic is not None:  # the strongest place: no need to read on if it is wrong
            source = source_of(keys, self._settings.write_keys)
            if isinstance(source, Refusal):
                return source
        if route.pixel:
            body: bytes | Refusal = pixel_data(request)
        else:
            body = await read_body(receive, limit, self._settings.body_timeout, self._ingest.too_large(route.batch))
        if isinstance(body, Refusal):
            return body
        given = anonymous_id(request)
        return await self._ingest.accept(
            Parcel(
                body=body,
                keys=keys,
                type=route.type,
                batch=route.batch,
                keep_bad=route.pixel,
                web=route.web or given is not None or b"origin" in request.headers,
                historical=route.historical,
                sent_at=sent_at(request),
                anonymous_id=given,
                user_agent=request.header(b"user-agent"),
                ip=client_ip(request, self._settings),
            )
        )


@lru_cache(maxsize=1024)
def _answered(path: str, status: int) -> Counter:
    """Look the metric of a path and a status up: both come from small, closed sets."""
    return metrics.OBSERVER_REQUESTS.labels(path, str(status))


def _temporary(refusal: Refusal) -> bool:
    return refusal.status >= _FIRST_TEMPORARY or refusal.retry_after is not None


def _announced(request: Request) -> int | None:
    """Read Content-Length; None if it is absent or no number."""
    text = request.headers.get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 20 else None  # noqa: PLR2004  # beyond 64 bits is no length


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start or stop: the log belongs to whoever opened it."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
