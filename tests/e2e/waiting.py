"""Wait for a condition, never for a while: the only place of these tests where time is passed."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0  # seconds; what a busy machine may take, not what is expected
_PAUSE = 0.02


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE, pause: float = _PAUSE) -> T:
    """Call `look` until it returns something true, and return that. AssertionError names `what` never came."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still not: {what} (seen last: {found!r})")
        time.sleep(pause)
