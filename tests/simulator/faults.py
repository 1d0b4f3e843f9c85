"""Which faults the ports show, and how often."""

from dataclasses import dataclass

from simulator.schedule import Schedule, Waiter

from leadflow.ports import Unavailable


@dataclass(frozen=True, slots=True)
class Odds:
    """The chance of each fault at one call, or for one element of it."""

    unavailable: float = 0.03  # refused, done in part, or done and not acknowledged
    conflict: float = 0.03  # a compare-and-set that fails for no reason
    torn: float = 0.4  # a call of several documents with a gap in its middle


class Faults:
    """Strikes by chance while `on`."""

    def __init__(self, schedule: Schedule, odds: Odds) -> None:
        self.on = True
        self.odds = odds
        self._schedule = schedule

    def strikes(self, chance: float) -> bool:
        """Whether a fault happens now."""
        return self.on and self._schedule.random.random() < chance

    def refuse(self, worker: Waiter, what: str) -> None:
        """Maybe raise Unavailable: before or after something took effect, as the place of the call says."""
        if not worker.retired and self.strikes(self.odds.unavailable):
            self._schedule.note(f"  ! unavailable: {what}")
            raise Unavailable(f"simulated: {what}", retry_after=0.05)

    def cut(self, size: int) -> int:
        """Where a call of `size` elements is torn in two; `size` when it is not."""
        if size > 1 and self.strikes(self.odds.torn):
            return self._schedule.random.randint(1, size - 1)
        return size
