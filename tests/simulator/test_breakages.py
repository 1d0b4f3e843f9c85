"""A simulator that finds nothing proves nothing: each guard that is taken away must show within a few seeds."""

import pytest
from simulator.breakages import BREAKAGES, broken
from simulator.run import run_seed


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_missing_guard_is_noticed(name: str) -> None:
    """A promise is broken in one of the first seeds of the scenario that the guard is there for."""
    breakage = BREAKAGES[name]
    with broken(breakage):
        assert any(run_seed(seed, breakage.scenario).broken for seed in range(breakage.seeds)), name
    assert not run_seed(0, breakage.scenario).broken


def test_a_defect_whose_place_has_gone_is_reported() -> None:
    """When the pipeline is rewritten, its defects do not silently do nothing."""
    some = next(iter(BREAKAGES.values()))
    elsewhere = type(some)(some.function, "what is not there", "", some.scenario)
    with pytest.raises(LookupError, match="let the defect follow"), broken(elsewhere):
        pass
