"""When touchpoints come: a day with its hours, and a campaign in the busiest of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_HOURS = (3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 10, 11, 11, 10, 10, 11, 13, 14, 12, 8, 5)
"""How busy each hour is, relative to the others: a quiet night, a working day, an evening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Touchpoints a second: `mean` over the day, `peak` in the campaign.

    An hour is shortened to `hour_s` at its own rate: queues live for seconds, so that an hour of the same rate shows
    nothing that a part of a minute does not. The campaign comes at the end of the busiest hour and has its full length.
    """

    mean: float
    peak: float
    hour_s: float = 20.0
    campaign_s: float = 180.0

    @property
    def campaign(self) -> float:
        """When the campaign begins, in seconds."""
        return self.hour_s * (1 + _HOURS.index(max(_HOURS)))

    @property
    def seconds(self) -> float:
        """How long the shortened day lasts."""
        return len(_HOURS) * self.hour_s + self.campaign_s

    def arrivals(self, rng: Random) -> list[float]:
        """Draw the instants, in order: a Poisson process at the rate of each phase."""
        found: list[float] = []
        start = 0.0
        for rate, seconds in self._phases():
            found += poisson(rate, start, seconds, rng)
            start += seconds
        return found

    def _phases(self) -> Iterator[tuple[float, float]]:
        """Yield (touchpoints a second, seconds)."""
        usual = sum(_HOURS) / len(_HOURS)
        for weight in _HOURS:
            yield self.mean * weight / usual, self.hour_s
            if weight == max(_HOURS):
                yield self.peak, self.campaign_s


def poisson(rate: float, start: float, seconds: float, rng: Random) -> Iterator[float]:
    """Draw instants from `start` on at a rate a second."""
    if rate <= 0:
        return
    now = start + rng.expovariate(rate)
    while now < start + seconds:
        yield now
        now += rng.expovariate(rate)
