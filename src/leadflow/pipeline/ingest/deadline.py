"""A deadline for many who wait: one timer for all of them instead of one each."""

import asyncio
from types import TracebackType

_LOOKS = 16
"""How often the waiting are looked at within one deadline: time is counted in looks, late by one at most."""


class Deadline:
    """`with deadline:` lets each task wait for `seconds` inside, then raises TimeoutError there.

    A task enters it once at a time. Belongs to one event loop.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[asyncio.Task[object], int] = {}  # since which look, the earliest first
        self._look_number = 0
        self._late: set[asyncio.Task[object]] = set()
        self._watching = False

    def __enter__(self) -> None:
        """Let the time of the current task begin."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._waiting[task] = self._look_number
        if not self._watching:
            self._watch(task.get_loop())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Stop waiting; a task that was cancelled because its time was over gets a TimeoutError."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        del self._waiting[task]
        if not self._late or task not in self._late:
            return
        self._late.remove(task)
        if kind is asyncio.CancelledError and task.uncancel() == 0:
            raise TimeoutError from None

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watching = True
        loop.call_later(self._seconds / _LOOKS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel those whose time is over; look again while anybody waits."""
        self._look_number += 1
        for task, since in self._waiting.items():
            if self._look_number - since <= _LOOKS:  # the first of its looks may have come at once
                break
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._watching = False
        if self._waiting:
            self._watch(loop)
