"""Count and time what is answered, by the route's template: ids stay out of the metrics."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadflow import metrics
from leadflow_admin_api.auth import PREFIX

_UNROUTED = "unrouted"  # no route has seen it: no token, or no such path


class Measured:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then count; an answer that never began counts as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, streaming, begun = 500, False, perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status, streaming
            if message["type"] == "http.response.start":
                status = message["status"]
                streaming = any(value.startswith(b"text/event-stream") for _, value in message.get("headers", ()))
                if streaming:
                    metrics.ADMIN_STREAMS.inc()
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            # Whether the framework's template holds the prefix differs between its versions.
            route = getattr(scope.get("route"), "path", _UNROUTED).removeprefix(PREFIX)
            metrics.ADMIN_REQUESTS.labels(route, str(status)).inc()
            if streaming:
                metrics.ADMIN_STREAMS.dec()
            else:
                metrics.ADMIN_SECONDS.labels(route).observe(perf_counter() - begun)
