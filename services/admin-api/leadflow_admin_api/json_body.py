"""What a request may send: JSON, however it is labelled, and not too much of it."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024


class JsonBody:
    """ASGI middleware: 413 as soon as a body has grown beyond the limit, whatever length it announced.

    The label is dropped, because `curl -d` calls every body a form. No page can send the token by itself, so a wrong
    label hides no forgery.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on without its label, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                # An HTTPException: whoever reads the body lets it through to the handler that makes it a problem.
                raise HTTPException(413, f"the body is larger than {self._limit} bytes")
            return message

        await self._app(scope, counted, send)
