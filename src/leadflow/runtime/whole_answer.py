"""An extension of ASGI: an answer that is always the same is given as bytes, in one call, for one write.

`scope["extensions"]["leadflow.whole_answer"]["write"]` is a function of a status and of everything behind the status
line that the server does not say itself (the date): headers, the blank line, the body. True: the request is answered.
False: this one has to be answered by messages, like any other. Not for HEAD.
"""

from collections.abc import Callable, Mapping
from typing import Any

EXTENSION = "leadflow.whole_answer"

Write = Callable[[int, bytes], bool]


def offered(scope: Mapping[str, Any]) -> Write | None:
    """Return the function, if the server has it."""
    extensions = scope.get("extensions")
    extension = extensions.get(EXTENSION) if extensions else None
    return extension["write"] if extension else None


def withheld(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scope for an application whose messages somebody reads or changes: none may go past them."""
    return {**scope, "extensions": {}}
