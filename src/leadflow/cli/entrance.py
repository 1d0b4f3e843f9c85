"""What the server holds on to from its first to its last request, whatever stands behind it meanwhile."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from leadflow.runtime.health import PATHS, Asgi
from leadflow.runtime.whole_answer import withheld

_STARTING = b'{"code":"starting","message":"this service is not ready yet: send it again"}'
_STOPPING = b'{"code":"stopping","message":"this instance stops, others go on: send it again"}'
_LAST = (b"connection", b"close")


@dataclass(slots=True)
class Entrance:
    """Probes are answered from the first moment to the last; the rest waits at its senders until `site` is there.

    While `closing`, each answer is the last one of its connection: none is cut off in the middle of its next request.
    While `refusing`, what comes is sent to other instances: whoever meets a port that is just being closed would see an
    error, and so nobody should come there by then.
    """

    health: Asgi
    site: Asgi | None = None
    closing: bool = False
    refusing: bool = False

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Serve one connection's request as ASGI says."""
        app = self._app(scope)
        return app(withheld(scope), receive, _ending_with(send)) if self.closing else app(scope, receive, send)

    def _app(self, scope: Any) -> Asgi:
        """Return who answers."""
        if scope.get("path") in PATHS:
            return self.health
        if self.refusing:
            return _stopping
        return self.site or _starting


def _ending_with(send: Any) -> Any:
    """Tell the client with the answer that this connection ends."""

    async def closing(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), _LAST]}
        await send(message)

    return closing


async def _starting(scope: Any, _receive: Any, send: Any) -> None:
    """Ask to come again when this instance is ready."""
    await _ask_again(scope, send, _STARTING, retry_seconds=b"2")


async def _stopping(scope: Any, _receive: Any, send: Any) -> None:
    """Ask to come again, to another instance."""
    await _ask_again(scope, send, _STOPPING, retry_seconds=b"1")


async def _ask_again(scope: Any, send: Any, body: bytes, *, retry_seconds: bytes) -> None:
    """Refuse in the way that SDKs understand: they keep their events."""
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1013})
        return
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", retry_seconds),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
