"""Cold, warm or hot: a hysteresis over the hour grid, free of the order in which touchpoints arrived."""

from collections.abc import Callable

from leadflow.core.scoring.model import Temperatures
from leadflow.core.scoring.score import Temperature
from leadflow.core.time import HOUR


def next_temperature(now: Temperature, engagement: int, limits: Temperatures) -> Temperature:
    """One step of the hysteresis."""
    if engagement >= limits.hot or (now == "hot" and engagement >= limits.hot_back):
        return "hot"
    if engagement >= limits.warm or (now != "cold" and engagement >= limits.warm_back):
        return "warm"
    return "cold"


def temperature_at(
    engagement: Callable[[int], int], first: int | None, as_of: int, limits: Temperatures
) -> Temperature:
    """The temperature after every hour from the oldest bucket's start `first` to `as_of`, and then `as_of` itself.

    Looks back only to the nearest hour that decides alone, whatever the temperature before it was.
    """
    pending: list[int] = []
    instant = as_of
    while True:
        points = engagement(instant)
        pending.append(points)
        if decided(points, limits) is not None:
            break
        # The instant itself may lie within an hour; the grid goes on below it.
        instant = (instant - 1) // HOUR * HOUR
        if first is None or instant < first:
            break
    temperature: Temperature = "cold"
    for points in reversed(pending):
        temperature = next_temperature(temperature, points, limits)
    return temperature


def decided(points: int, limits: Temperatures) -> Temperature | None:
    """The temperature where an engagement alone tells it, whatever it was before."""
    if points < limits.warm_back:
        return "cold"
    if points >= limits.hot:
        return "hot"
    return "warm" if limits.warm <= points < limits.hot_back else None
