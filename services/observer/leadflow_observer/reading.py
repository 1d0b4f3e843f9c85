"""Reading a request's body: never more than its limit, never longer than its time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from leadflow.pipeline.ingest.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Disconnected(Exception):
    """The client has gone before its body was here."""


async def read_body(receive: Receive, limit: int, seconds: float, too_large: Refusal) -> bytes | Refusal:
    """Read at most `limit` bytes within `seconds`. What comes after a refusal is left unread. Raises Disconnected."""
    first = await _next(receive)
    body = first.get("body", b"")
    if len(body) > limit:
        return too_large
    if not first.get("more_body", False):
        return bytes(body)
    try:
        async with asyncio.timeout(seconds):
            return await _rest(receive, body, limit, too_large)
    except TimeoutError:
        return Refusal(408, "body_timeout", f"the body did not come within {seconds:g} seconds: send it again")


async def _rest(receive: Receive, first: bytes, limit: int, too_large: Refusal) -> bytes | Refusal:
    body = bytearray(first)
    more = True
    while more:
        message = await _next(receive)
        body += message.get("body", b"")
        if len(body) > limit:
            return too_large
        more = message.get("more_body", False)
    return bytes(body)


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message
