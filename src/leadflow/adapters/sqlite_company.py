"""For whom a flush waits: those who were answered by the last one will be back in a moment, each with its next rows."""

import asyncio
from collections.abc import Callable

GATHER_SECONDS = 0.001
"""The longest that rows wait for company. Event loops count in milliseconds: it may become two."""


class Company:
    """Lets a flush begin once as many jobs wait as the last one answered or found waiting, or when the time is over.

    Whoever is alone never waits; nobody waits twice. Belongs to one event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, begin: Callable[[], None]) -> None:
        """`begin` starts the flush. `seconds` 0: nobody waits."""
        self._loop = loop
        self._seconds = seconds
        self._begin = begin
        self._expected = 0
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, jobs: int) -> None:
        """So many are around now: answered by a flush that has ended, or waiting at its end."""
        self._expected = jobs

    def gather(self, waiting: int) -> None:
        """Begin now, or let those who wait do so for a moment more."""
        if waiting >= self._expected or self._seconds <= 0:
            self._begin()
        else:
            self._timer = self._loop.call_later(self._seconds, self._time_is_over)

    def join(self, waiting: int, *, urgent: bool) -> None:
        """One more waits; `urgent` does not wait for others. The flush begins in the next turn of the loop."""
        if urgent or waiting >= self._expected:
            self.leave()

    def leave(self) -> None:
        """Wait no longer, if anybody does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._loop.call_soon(self._begin)

    def _time_is_over(self) -> None:
        self._timer = None
        self._begin()
