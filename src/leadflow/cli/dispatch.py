"""One port for everything: a look-up by path ahead of the framework, so that the hot path does not pay for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from leadflow.runtime import health
from leadflow.runtime.health import Asgi

_NOT_FOUND = b'{"code":"not_found","message":"there is nothing at this path of this service"}'


@dataclass(frozen=True, slots=True)
class Site:
    """The applications behind the port. `observes` tells which paths are the observer's; the rest is `admin`'s."""

    health: Asgi
    observer: Asgi | None = None
    observes: Callable[[str], bool] = lambda _path: False
    admin: Asgi | None = None

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Serve one connection as ASGI says."""
        if scope["type"] == "http":
            return self._choose(scope["path"])(scope, receive, send)
        return send({"type": "websocket.close", "code": 1003})  # type: ignore[no-any-return]  # as ASGI has it

    def _choose(self, path: str) -> Asgi:
        """Return the application for a path."""
        if self.observer is not None and self.observes(path):
            return self.observer
        if path in health.PATHS:
            return self.health
        return self.admin or self.observer or _not_found


async def _not_found(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer where a service without HTTP of its own is asked for more than its health."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_NOT_FOUND)).encode())]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": _NOT_FOUND})
