"""Requests that are traced: what they append to the log carries their trace. Without tracing none of this is there."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from time import time_ns
from typing import Any

from msgspec.structs import replace

from leadflow.core.trace_context import TraceContext, read_traceparent
from leadflow.ports import Emit, Log, Span, Tracer
from leadflow.runtime import direct, whole_answer
from leadflow.runtime.health import Asgi

_FIRST_FAILURE = 500


@dataclass(slots=True)
class _Request:
    """A traced request while it is served. Only one that wrote something is worth a span."""

    context: TraceContext
    records: int = 0
    status: int = 0


_served: ContextVar[_Request | None] = ContextVar("traced_request", default=None)


class TracedLog:
    """`ports.Log`: the very same, but that records which a traced request appends belong to its trace."""

    def __init__(self, log: Log) -> None:
        self._append = log.append
        self.partitions = log.partitions
        self.partition_for = log.partition_for
        self.consume = log.consume
        self.read = log.read
        self.bounds = log.bounds
        self.committed = log.committed
        self.wait = log.wait

    async def append(self, emits: Sequence[Emit]) -> None:
        """See `ports.Log`."""
        request = _served.get()
        if request is not None:
            request.records += len(emits)
            trace = request.context.traceparent()
            emits = [replace(emit, trace=trace) for emit in emits]
        await self._append(emits)


class TracedApp:
    """An ASGI application whose requests begin a trace, or go on with their sender's."""

    def __init__(self, app: Asgi, name: str, tracer: Tracer) -> None:
        """`name`: of the spans."""
        self._app = app
        self._name = name
        self._tracer = tracer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection as ASGI says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = _parent_of(scope["headers"])
        context = self._tracer.begin(parent)
        if context is None:
            await self._app(direct.withheld(scope), receive, send)
            return
        request, began = _Request(context), time_ns()
        token = _served.set(request)
        try:
            await self._app(whole_answer.withheld(scope), receive, _watching(send, request))
        finally:
            _served.reset(token)
            if request.records:
                self._tracer.finish(self._span(scope, request, parent, began))

    def _span(self, scope: Any, request: _Request, parent: TraceContext | None, began: int) -> Span:
        return Span(
            name=self._name,
            kind="server",
            context=request.context,
            parent=parent,
            began=began,
            ended=time_ns(),
            attributes={
                "http.request.method": scope["method"],
                "http.response.status_code": request.status,
                "messaging.batch.message_count": request.records,
            },
            failed=not 0 < request.status < _FIRST_FAILURE,
        )


def _parent_of(headers: Sequence[tuple[bytes, bytes]]) -> TraceContext | None:
    """The trace that the sender says it is in."""
    found = next((value for name, value in headers if name == b"traceparent"), b"")
    return read_traceparent(found.decode("latin-1")) if found else None


def _watching(send: Any, request: _Request) -> Any:
    """Send, and keep the status in mind."""

    async def watched(message: Any) -> None:
        if message["type"] == "http.response.start":
            request.status = message["status"]
        await send(message)

    return watched
