"""When people are there: office hours in Vietnam, a lunch dip, some evenings, quiet week-ends."""

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from leadflow.core.time import DAY, HOUR

OFFSET = 7 * HOUR
"""Asia/Ho_Chi_Minh; it has had no summer time since 1975."""

_BY_HOUR = (1, 0.5, 0.3, 0.2, 0.2, 0.5, 2, 5, 14, 20, 22, 16, 7, 12, 20, 21, 18, 11, 5, 4, 5, 6, 4, 2)
_BY_WEEKDAY = (1.0, 1.1, 1.1, 1.05, 0.9, 0.35, 0.2)  # from Monday on
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday
_LONGEST_VISIT = 2  # hours that stay empty at the end, so that no visit runs past it


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is simulated, in milliseconds since the epoch, with the sum of the weights up to each hour."""

    start: int
    end: int
    sums: tuple[float, ...]

    def moment(self, rng: Random) -> int:
        """A moment when somebody may come. Costs two throws, whatever the calendar says."""
        hour = bisect(self.sums, rng.random() * self.sums[-1])
        return self.start + hour * HOUR + int(rng.random() * HOUR)


def window(end: int, days: int) -> Window:
    """The `days` before `end`, which is rounded down to a full hour. At least one day."""
    if days < 1:
        raise ValueError(f"{days} days are no time to live in: say 1 or more")
    end -= end % HOUR
    start = end - days * DAY
    hours = range(start, end - _LONGEST_VISIT * HOUR, HOUR)
    return Window(start, end, tuple(accumulate(_weight(at) for at in hours)))


def _weight(at: int) -> float:
    days, within = divmod(at + OFFSET, DAY)
    return _BY_HOUR[within // HOUR] * _BY_WEEKDAY[(days + _EPOCH_WEEKDAY) % 7]
