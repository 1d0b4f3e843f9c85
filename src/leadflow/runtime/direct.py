"""An extension of ASGI: requests that an application takes without a task, a scope or messages.

`scope["extensions"]["leadflow.direct"]["offer"]` is a function that takes a `Prepare`. From then on the server shows
it the head of each ordinary POST: HTTP/1.1 that stays open, a Content-Length, no query, nothing to negotiate. Where
it returns a `Take`, that gets the request's body and answers, then or later; all other requests are served as ever.

Whoever has to see every request of an application withholds the extension from it.
"""

from collections.abc import Callable, Mapping
from typing import Any

EXTENSION = "leadflow.direct"

Reply = Callable[[int, bytes, bytes], None]
"""Answers a request, once: its status; header lines, each with its end; its body. The server adds what is its own."""

Take = Callable[[bytes, Reply], None]
"""Takes the whole body of a request, and sees that it is answered. Must not raise."""

Prepare = Callable[[str, Mapping[bytes, bytes]], Take | None]
"""What to do with requests of a path and headers, by lower-case name, the last of equal ones; None: serve them by ASGI.

Its answer is remembered and holds for all requests with the same head.
"""


def offer(scope: Mapping[str, Any], prepare: Prepare) -> None:
    """Take the requests that may be, if the server has the extension."""
    extensions = scope.get("extensions")
    extension = extensions.get(EXTENSION) if extensions else None
    if extension:
        extension["offer"](prepare)


def withheld(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scope for an application each of whose requests somebody has to see."""
    extensions = scope.get("extensions") or {}
    return {**scope, "extensions": {name: each for name, each in extensions.items() if name != EXTENSION}}
