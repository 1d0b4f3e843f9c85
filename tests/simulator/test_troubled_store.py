"""Promises 1 to 5 over the store in ArangoDB: the adapter's own requests and queries, answered by the double."""

import pytest
from simulator.holds import PORTIONS, breaches
from simulator.scenarios import STORES


@pytest.mark.parametrize("seeds", PORTIONS)
@pytest.mark.parametrize("scenario", STORES)
def test_every_schedule_keeps_the_promises(scenario: str, seeds: range) -> None:
    """With one call in five in trouble and one document in five in conflict, nothing is lost, doubled or disordered."""
    assert not breaches(scenario, seeds)
