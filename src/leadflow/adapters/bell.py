"""Wakes those who wait for a partition to grow, within one event loop."""

import asyncio
from collections.abc import Hashable


class Bell:
    """Futures by subject. Look at the state, then `listen` without an await between: no ring is missed."""

    def __init__(self) -> None:
        self._listeners: dict[Hashable, set[asyncio.Future[None]]] = {}

    @property
    def silent(self) -> bool:
        """Whether nobody listens to anything."""
        return not self._listeners

    def ring(self, subject: Hashable) -> None:
        """Wake all who listen for `subject`."""
        for listener in self._listeners.pop(subject, ()):
            _wake(listener)

    def ring_all(self) -> None:
        """Wake everyone, as when the log closes."""
        for subject in tuple(self._listeners):
            self.ring(subject)

    async def listen(self, subject: Hashable, seconds: float) -> None:
        """Return at the next ring of `subject`, or after `seconds`."""
        loop = asyncio.get_running_loop()
        listener: asyncio.Future[None] = loop.create_future()
        self._listeners.setdefault(subject, set()).add(listener)
        alarm = loop.call_later(max(0.0, seconds), _wake, listener)
        try:
            await listener
        finally:
            alarm.cancel()
            waiting = self._listeners.get(subject)
            if waiting is not None:
                waiting.discard(listener)
                if not waiting:
                    del self._listeners[subject]


def _wake(listener: asyncio.Future[None]) -> None:
    if not listener.done():
        listener.set_result(None)
