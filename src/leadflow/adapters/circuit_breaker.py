"""A circuit breaker: while a server is away, callers are told so at once, and one of them tries it now and then."""

import time
from collections.abc import Callable

from leadflow import metrics
from leadflow.ports import Unavailable

FAILURES = 5
FIRST_REST = 0.2  # seconds
LONGEST_REST = 5.0


class CircuitBreaker:
    """Closed: all calls pass. Open, after some failures in a row: one call in each rest passes, the others fail."""

    def __init__(self, what: str, failures: int = FAILURES, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._threshold = failures
        self._clock = clock
        self._failures = 0
        self._rest = FIRST_REST
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._failures >= self._threshold

    def check(self) -> None:
        """Let a call pass, or raise Unavailable."""
        if not self.is_open:
            return
        left = self._until - self._clock()
        if left > 0:
            raise Unavailable(f"{self._what} has been away for {self._failures} calls; next try in {left:.1f} s", left)
        self._until = self._clock() + self._rest  # this call is the try; the others wait for what it finds

    def succeeded(self) -> None:
        """Close."""
        self._failures, self._rest = 0, FIRST_REST
        metrics.STORE_BREAKER_OPEN.set(0)

    def failed(self) -> None:
        """Count; open, or rest longer."""
        self._failures += 1
        if self.is_open:
            metrics.STORE_BREAKER_OPEN.set(1)
            self._until = self._clock() + self._rest
            self._rest = min(self._rest * 2, LONGEST_REST)
