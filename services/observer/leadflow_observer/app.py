"""The observer as an ASGI application: a look-up by path, then the pipe. No framework stands on the hot path."""

from collections.abc import Awaitable, Callable

from leadflow import metrics
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.ingest.parcel import Parcel
from leadflow.pipeline.ingest.pipe import Ingest
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow.ports import Clock, Enlisting, Log
from leadflow.runtime.direct import Prepare, offer
from leadflow.runtime.whole_answer import offered
from leadflow_observer.admission import Admission
from leadflow_observer.answers import PREFLIGHT, SUCCESS, Answer, refuse, response_start, whole_success
from leadflow_observer.callers import Callers, Headers, Scope, announced, pixel_data, read_query
from leadflow_observer.direct import Direct
from leadflow_observer.outcomes import answer_to, failed, show_what_may_come
from leadflow_observer.reading import Disconnected, Message, Receive, read_rest, whole_body
from leadflow_observer.routes import Route, route_of

Send = Callable[[Message], Awaitable[None]]

_GONE = Answer(499, b"")  # as nginx counts it; nobody reads this answer


def create_app(
    log: Log, settings: ObserverSettings, clock: Clock, hasher: Hasher, backlog: Backlog | None = None
) -> "Observer":
    """Put the observer together: a plain ASGI application; `handles` tells which paths are its own.

    `backlog`: of the hops that share this process, if any do.
    """
    return Observer(Ingest(log, settings, clock, hasher), settings, backlog or Backlog(), log)


def handles(path: str) -> bool:
    """Whether a path belongs to the observer."""
    return route_of(path) is not None


class Observer:
    """Serves the Segment HTTP tracking API. State: how much is in flight, nothing else."""

    def __init__(self, ingest: Ingest, settings: ObserverSettings, backlog: Backlog, log: Log) -> None:
        """`log`: the one that `ingest` appends to."""
        self._ingest = ingest
        self._settings = settings
        self._callers = Callers(settings)
        self._admission = Admission(settings.max_in_flight, settings.max_in_flight_bytes, backlog)
        self._prepare: Prepare | None = None
        if isinstance(log, Enlisting):
            self._prepare = Direct(ingest, log, self._callers, self._admission).prepare
        show_what_may_come()
        metrics.OBSERVER_IN_FLIGHT.set_function(lambda: self._admission.inside)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection's request (ASGI 3)."""
        if scope["type"] == "http":
            if self._prepare is not None:
                offer(scope, self._prepare)
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
                answer = answer_to(route, await self._take(route, scope, headers, receive))
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
        size = announced(headers, limit.size)
        if size > limit.size:
            return limit.refusal
        refusal = self._admission.enter(size)
        if refusal is not None:
            return refusal
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
            return failed(route, error)
        finally:
            self._admission.leave(size)


def _misdirected(method: str, route: Route | None) -> Answer:
    """Answer what is no call: a browser's question ahead of one, an unknown path, a wrong method."""
    if method == "OPTIONS":
        return PREFLIGHT
    if route is None:
        return refuse(Refusal(404, "not_found", "there is no such path; events go to /v1/batch or /v1/{type}"))
    allowed = f"{route.method}, OPTIONS"
    return refuse(Refusal(405, "method_not_allowed", f"this path takes {allowed}"), (b"allow", allowed.encode()))


def _succeeded_whole(scope: Scope, origin: bytes | None) -> bool:
    """Answer with success in one write, where the server can."""
    write = offered(scope)
    rest = whole_success(origin) if write is not None else None
    return write is not None and rest is not None and write(SUCCESS.status, rest)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start or stop: the log belongs to whoever opened it."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
