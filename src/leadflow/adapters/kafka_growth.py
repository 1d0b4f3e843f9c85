"""Who waits for a topic to grow: one look at the brokers serves everyone who waits for the same topic."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from leadflow.adapters.bell import Bell

_LOOK_EVERY = 0.1  # seconds; what other processes write is seen after this

Bounds = Sequence[tuple[int, int]]


class Growth:
    """Asks for bounds no more often than each tenth of a second and topic, and only while someone waits."""

    def __init__(self, bounds: Callable[[str], Awaitable[Bounds]]) -> None:
        self._bounds = bounds
        self._bell = Bell()
        self._looks: dict[str, tuple[float, asyncio.Task[Bounds]]] = {}

    def ring(self, topic: str) -> None:
        """This process has written to the topic: whoever waits looks at once."""
        self._looks.pop(topic, None)
        self._bell.ring(topic)

    def close(self) -> None:
        """Wake everyone."""
        self._bell.ring_all()

    async def wait(self, topic: str, ends: Sequence[int], seconds: float) -> None:
        """Return when any partition has grown beyond `ends`, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            bounds = await self._look(topic)
            if any(end > seen for (_, end), seen in zip(bounds, ends, strict=False)):
                return
            await self._bell.listen(topic, min(remaining, _LOOK_EVERY))

    async def _look(self, topic: str) -> Bounds:
        """The bounds, at most as old as the pause between two looks."""
        asked_at, look = self._looks.get(topic, (0.0, None))
        if look is None or time.monotonic() - asked_at >= _LOOK_EVERY:
            look = asyncio.ensure_future(_asked(self._bounds, topic))
            self._looks[topic] = time.monotonic(), look
        return await asyncio.shield(look)


async def _asked(bounds: Callable[[str], Awaitable[Bounds]], topic: str) -> Bounds:
    return await bounds(topic)
