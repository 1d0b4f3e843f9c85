"""How fast simulated touchpoints go out."""

from dataclasses import dataclass

from leadflow.core.time import SECOND

_GRAIN = 0.05
"""Seconds: shorter waits are saved up, since no sleep is that exact."""

_BURST = 0.25
"""Seconds of the rate that may be made up for after a pause."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Simulated time `start` (ms) is now; from then on it runs `speed` times as fast as the clock."""

    start: int
    speed: float


class Pace:
    """At most `rate` touchpoints a second; with `replay` none before its time has come."""

    def __init__(self, rate: float, began: float, replay: Replay | None = None) -> None:
        """`began`: the clock's seconds at the start."""
        self._each = 1 / rate
        self._began = began
        self._slot = began
        self._replay = replay

    def wait(self, now: float, at: int) -> float:
        """Seconds to wait before the next touchpoint, which is of the simulated time `at` (ms); 0 when it may go."""
        self._slot = max(self._slot + self._each, now - _BURST)
        due = self._slot
        if self._replay is not None:
            due = max(due, self._began + (at - self._replay.start) / SECOND / self._replay.speed)
        return due - now if due - now > _GRAIN else 0.0
