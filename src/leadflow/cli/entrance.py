"""What the server holds on to from its first to its last request, whatever stands behind it meanwhile."""

from dataclasses import dataclass
from typing import Any

from leadflow.runtime.health import PATHS, Asgi

_STARTING = b'{"code":"starting","message":"this service is not ready yet: send it again"}'
_RETRY_SECONDS = b"2"
_LAST = (b"connection", b"close")


@dataclass(slots=True)
class Entrance:
    """Probes are answered from the first moment on; the rest waits at its senders until `site` is there.

    While `closing`, each answer is the last one of its connection: clients then turn to another instance by themselves,
    and none is cut off in the middle of its next request.
    """

    health: Asgi
    site: Asgi | None = None
    closing: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection's request as ASGI says."""
        app = self.site or (self.health if scope.get("path") in PATHS else _starting)
        await app(scope, receive, _ending_with(send) if self.closing else send)


def _ending_with(send: Any) -> Any:
    """Tell the client with the answer that this connection ends."""

    async def closing(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), _LAST]}
        await send(message)

    return closing


async def _starting(scope: Any, _receive: Any, send: Any) -> None:
    """Ask to come again, in the way that SDKs understand."""
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1013})
        return
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_STARTING)).encode()),
        (b"retry-after", _RETRY_SECONDS),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _STARTING})
