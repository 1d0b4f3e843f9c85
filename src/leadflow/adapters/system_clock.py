"""The wall clock, for whoever is not given another one."""

import time


class SystemClock:
    """Milliseconds since the epoch, UTC, from the operating system."""

    def now(self) -> int:
        """The present instant."""
        return time.time_ns() // 1_000_000
