"""Reading a request's body: never more than its limit, never longer than its time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from leadflow.pipeline.ingest.payload import BodyLimit
from leadflow.pipeline.ingest.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Disconnected(Exception):
    """The client has gone before its body was here."""


def whole_body(first: Message, limit: BodyLimit) -> bytes | Refusal | None:
    """Take a body that came at once; None: there is more to come. Raises Disconnected."""
    body = _part(first)
    if len(body) > limit.size:
        return limit.refusal
    return None if first.get("more_body", False) else body


async def read_rest(first: Message, receive: Receive, limit: BodyLimit, seconds: float) -> bytes | Refusal:
    """Read on behind `first`, for `seconds` at most. What comes after a refusal is left unread. Raises Disconnected."""
    body = bytearray(_part(first))
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                message = await receive()
                body += _part(message)
                if len(body) > limit.size:
                    return limit.refusal
                more = message.get("more_body", False)
    except TimeoutError:
        return Refusal(408, "body_timeout", f"the body did not come within {seconds:g} seconds: send it again")
    return bytes(body)


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    return bytes(message.get("body", b""))
