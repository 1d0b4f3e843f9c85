"""Promises 1 to 5 for touchpoints of every kind: limits, lone identifiers, poison, repairs, sales, logs read again."""

import pytest
from simulator.holds import PORTIONS, breaches
from simulator.scenarios import TOUCHPOINTS


@pytest.mark.parametrize("seeds", PORTIONS)
@pytest.mark.parametrize("scenario", TOUCHPOINTS)
def test_every_schedule_keeps_the_promises(scenario: str, seeds: range) -> None:
    """Whatever is sent and however often it is read: it arrives, counts once, and everybody stays who they are."""
    assert not breaches(scenario, seeds)
