"""How far the hops of this process are behind: what intake looks at before it takes more on."""

from dataclasses import dataclass

RETRY_SECONDS = 5.0
"""When to come again: long enough for the hops to work some of it off, short enough to keep them busy."""


@dataclass(slots=True)
class Backlog:
    """Records that wait for any hop, as last measured, and from how many on no more is taken in; `limit` 0: never.

    Intake and hops share one processor where they share a process, and intake is the more eager of the two: without
    a bound, an overload that lasts would grow the log and the delay of every stage change without end. A process
    that only observes has no hops: its backlog stays 0, the log is the buffer.
    """

    limit: int = 0
    records: int = 0

    @property
    def full(self) -> bool:
        """Whether new events have to wait at their senders."""
        return 0 < self.limit <= self.records
