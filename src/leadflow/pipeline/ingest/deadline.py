"""A deadline for many who wait: one timer for all of them instead of one each."""

import asyncio
from collections.abc import Callable
from itertools import takewhile
from types import TracebackType
from typing import Generic, TypeVar

_LOOKS = 16
"""How often the waiting are looked at within one deadline: time is counted in looks, late by one at most."""

W = TypeVar("W")


class Patience(Generic[W]):
    """Calls `late` with each who waits for more than `seconds`; it is called again until the wait has ended.

    Belongs to one event loop.
    """

    def __init__(self, seconds: float, late: Callable[[W], None]) -> None:
        self._seconds = seconds
        self._late = late
        self._waiting: dict[W, int] = {}  # since which look, the earliest first
        self._look_number = 0
        self._watching = False

    def begin(self, waiter: W) -> None:
        """Let the time of one begin, who does not wait yet."""
        self._waiting[waiter] = self._look_number
        if not self._watching:
            self._watch()

    def end(self, waiter: W) -> None:
        """Stop waiting."""
        del self._waiting[waiter]

    def _watch(self) -> None:
        self._watching = True
        asyncio.get_running_loop().call_later(self._seconds / _LOOKS, self._look)

    def _look(self) -> None:
        """Find those whose time is over; look again while anybody waits."""
        self._look_number += 1
        # more than all looks: the first one of a wait may have come at once
        late = list(takewhile(lambda wait: self._look_number - wait[1] > _LOOKS, self._waiting.items()))
        try:
            for waiter, _ in late:
                self._late(waiter)
        finally:
            self._watching = False
            if self._waiting:
                self._watch()


class Deadline:
    """`with deadline:` lets each task wait for `seconds` inside, then raises TimeoutError there.

    A task enters it once at a time. Belongs to one event loop.
    """

    def __init__(self, seconds: float) -> None:
        self._patience = Patience(seconds, self._cancel)
        self._late: set[asyncio.Task[object]] = set()

    def __enter__(self) -> None:
        """Let the time of the current task begin."""
        self._patience.begin(_current_task())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Stop waiting; a task that was cancelled because its time was over gets a TimeoutError."""
        task = _current_task()
        self._patience.end(task)
        if not self._late or task not in self._late:
            return
        self._late.remove(task)
        if kind is asyncio.CancelledError and task.uncancel() == 0:
            raise TimeoutError from None

    def _cancel(self, task: asyncio.Task[object]) -> None:
        if task not in self._late:
            self._late.add(task)
            task.cancel()


def _current_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a deadline is for a task")
    return task
