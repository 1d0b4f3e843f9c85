"""A deadline for many who wait for the same thing: one timer for all of them instead of one each."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

_LOOKS = 16
"""How often the waiting are looked at within one deadline: a deadline is late by at most this part of itself."""


class Deadline:
    """Lets each caller wait for `seconds`, then raises TimeoutError in its place. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[asyncio.Task[object], float] = {}  # until when, the earliest first
        self._late: set[asyncio.Task[object]] = set()
        self._watching = False

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Wait for `awaitable`, cancelling it when the time is over. Raises TimeoutError then."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        loop = asyncio.get_running_loop()
        self._waiting[task] = loop.time() + self._seconds
        if not self._watching:
            self._watching = True
            loop.call_later(self._seconds / _LOOKS, self._look, loop)
        try:
            return await awaitable
        except asyncio.CancelledError:
            if task in self._late and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            del self._waiting[task]
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel those whose time is over; look again while anybody waits."""
        now = loop.time()
        for task, until in self._waiting.items():
            if until > now:
                break
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._watching = bool(self._waiting)
        if self._watching:
            loop.call_later(self._seconds / _LOOKS, self._look, loop)
