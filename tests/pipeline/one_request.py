"""A request to an ASGI application by the shortest way: hundreds of stories are told, of a dozen requests each."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[[Any, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(slots=True)
class Answer:
    """What came back. Names of headers are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


async def post(app: App, path: str, body: bytes, key: str) -> Answer:
    """Post a body with a write key; the whole answer."""
    credentials = b64encode(f"{key}:".encode())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"observer"),
            (b"content-length", str(len(body)).encode()),
            (b"authorization", b"Basic " + credentials),
        ],
        "client": ("127.0.0.1", 123),
        "server": ("observer", 80),
    }
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answer.text += message.get("body", b"").decode()

    await app(scope, receive, send)
    return answer
