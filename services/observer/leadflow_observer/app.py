"""The observer as an ASGI application: a look-up by path, then the pipe. No framework stands on the hot path."""

from collections.abc import Awaitable, Callable

import structlog

from leadflow import metrics
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.backlog import RETRY_SECONDS, Backlog
from leadflow.pipeline.ingest.parcel import Parcel
from leadflow.pipeline.ingest.pipe import Ingest
from leadflow.pipeline.ingest.refusal import Refusal, try_later
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.ports import Clock, Log
from leadflow.runtime.whole_answer import offered
from leadflow_observer.admission import Admission
from leadflow_observer.answers import PIXEL, PREFLIGHT, SUCCESS, Answer, refuse, response_start, whole_success
from leadflow_observer.callers import Callers, Headers, Scope, pixel_data, read_query
from leadflow_observer.reading import Disconnected, Message, Receive, read_rest, whole_body
from leadflow_observer.routes import ROUTES, Route, route_of

Send = Callable[[Message], Awaitable[None]]

_FIRST_TEMPORARY = 500
_GONE = Answer(499, b"")  # as nginx counts it; nobody reads this answer

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
        self._callers = Callers(settings)
        self._admission = Admission(settings.max_in_flight, settings.max_in_flight_bytes)
        _show_what_may_come()
        metrics.OBSERVER_IN_FLIGHT.set_function(lambda: self._admission.inside)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection's request (ASGI 3)."""
        if scope["type"] == "http":
            return self._serve(scope, receive, send)
        if scope["type"] == "lifespan":
            return _lifespan(receive, send)
        return send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        route = route_of(scope["path"])
        try:
            if route is None or scope["method"] != route.method:
                answer = _misdirected(scope["method"], route)
            else:
                answer = _outcome(route, await self._take(route, scope, headers, receive))
        except Disconnected:
            answer = _GONE
        metrics.OBSERVER_REQUESTS.add(1, route.path if route else "other", str(answer.status))
        origin = headers.get(b"origin")
        if answer is _GONE or (answer is SUCCESS and _succeeded_whole(scope, origin)):
            return
        try:
            await send(response_start(answer, origin))
            await send({"type": "http.response.body", "body": answer.body})
        except OSError:  # the client has gone: what was acknowledged is durable all the same
            return

    async def _take(self, route: Route, scope: Scope, headers: Headers, receive: Receive) -> Refusal | None:
        """Let the request in if there is room, and see it through. None: its events are durable."""
        limit = self._ingest.body_limit(route.call.batch)
        size = _announced(headers, limit.size)
        if size > limit.size:
            return limit.refusal
        if self._backlog.full:
            return try_later(503, "behind", "what came before has to be worked off: send it again", RETRY_SECONDS)
        if not self._admission.enter(size):
            return try_later(503, "overloaded", "too many requests at once: send it again")
        try:
            caller = self._callers.read(scope, headers)
            if type(caller.source) is Refusal:  # no need to read on
                return caller.source
            if route.pixel:
                body: bytes | Refusal = pixel_data(read_query(scope))
            else:
                first = await receive()
                whole = whole_body(first, limit)
                body = await read_rest(first, receive, limit, self._settings.body_timeout) if whole is None else whole
            return body if type(body) is Refusal else await self._ingest.accept(Parcel(body, route.call, caller))
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  # one request harms itself alone; the sender keeps its events
            # The error's text may quote the event: its kind is all that a log may hold.
            _logger.error("observer_failed", path=route.path, error=type(error).__name__)  # noqa: TRY400
            return try_later(503, "internal_error", "this could not be handled now: send it again")
        finally:
            self._admission.leave(size)


def _show_what_may_come() -> None:
    """Show at 0 what the alerts of ingestion watch: the first step of a series that begins with it is not seen."""
    for route in ROUTES.values():
        for status in ("200", "503"):
            metrics.OBSERVER_REQUESTS.add(0, route.path, status)
    for code in ("overloaded", "behind", "ack_timeout"):
        metrics.OBSERVER_REJECTED.add(0, code)


def _misdirected(method: str, route: Route | None) -> Answer:
    """Answer what is no call: a browser's question ahead of one, an unknown path, a wrong method."""
    if method == "OPTIONS":
        return PREFLIGHT
    if route is None:
        return refuse(Refusal(404, "not_found", "there is no such path; events go to /v1/batch or /v1/{type}"))
    allowed = f"{route.method}, OPTIONS"
    return refuse(Refusal(405, "method_not_allowed", f"this path takes {allowed}"), (b"allow", allowed.encode()))


def _outcome(route: Route, refusal: Refusal | None) -> Answer:
    """Answer a call."""
    if refusal is not None:
        metrics.OBSERVER_REJECTED.add(1, refusal.code)
    if route.pixel and (refusal is None or not _temporary(refusal)):
        return PIXEL  # a picture in a mail must not turn into a broken one because of what is behind it
    return SUCCESS if refusal is None else refuse(refusal)


def _succeeded_whole(scope: Scope, origin: bytes | None) -> bool:
    """Answer with success in one write, where the server can."""
    write = offered(scope)
    rest = whole_success(origin) if write is not None else None
    return write is not None and rest is not None and write(SUCCESS.status, rest)


def _temporary(refusal: Refusal) -> bool:
    return refusal.status >= _FIRST_TEMPORARY or refusal.retry_after is not None


def _announced(headers: Headers, limit: int) -> int:
    """Read Content-Length; what is absent or no number may become as much as the limit."""
    text = headers.get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 20 else limit  # noqa: PLR2004  # beyond 64 bits is no length


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start or stop: the log belongs to whoever opened it."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
