"""An event loop whose time is virtual and whose every choice is the schedule's: the same seed, the same run."""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready in order; when nothing is, `step` decides who goes on. It returns False when all is quiet.

    Only the bookkeeping of `BaseEventLoop` is used: there is no selector, no thread and no real clock.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, step: Callable[[], bool]) -> None:
        super().__init__()
        self.now = 0.0
        self._step = step

    def time(self) -> float:
        """Virtual seconds since the run began."""
        return self.now

    def run_until_quiet(self) -> None:
        """Run until `step` finds nothing more to do."""
        self.run_forever()

    def has_ready(self) -> bool:
        """Whether anything can go on without a choice."""
        return bool(self._ready)

    def advance(self, seconds: float) -> None:
        """Let time pass; timers that fall due become ready."""
        self.now += seconds
        while self._scheduled and (self._scheduled[0]._cancelled or self._scheduled[0].when() <= self.now):
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]  # as BaseEventLoop does it
            if not timer._cancelled:
                self._ready.append(timer)

    def advance_to_next_timer(self) -> bool:
        """Jump to the next instant for which a timer is set; False when there is none."""
        self.advance(0)
        if self._ready:
            return True
        if not self._scheduled:
            return False
        self.advance(self._scheduled[0].when() - self.now)
        return True

    def _run_once(self) -> None:
        if not self._ready and not self._step():
            self.stop()
        while self._ready:
            handle = self._ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _write_to_self(self) -> None:
        """Nobody else can wake this loop."""

    def _process_events(self, event_list: list[object]) -> None:
        """There are no files to watch."""
