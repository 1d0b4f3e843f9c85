"""Promises 1 to 6 while touchpoints are put aside, leads stand still and others are rebuilt."""

import pytest
from simulator.holds import PORTIONS, breaches
from simulator.scenarios import REPAIRS


@pytest.mark.parametrize("seeds", PORTIONS)
@pytest.mark.parametrize("scenario", REPAIRS)
def test_every_schedule_keeps_the_promises(scenario: str, seeds: range) -> None:
    """Whatever is repaired, released or replayed, and whoever dies of it: all comes back, and counts once."""
    assert not breaches(scenario, seeds)
