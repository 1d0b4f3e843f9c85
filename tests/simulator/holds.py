"""The share of seeds that every test run takes."""

from collections.abc import Iterable

from simulator.run import run_seed
from simulator.scenarios import SCENARIOS

SEEDS = 2_000 // len(SCENARIOS)
PORTIONS = [range(first, SEEDS, 5) for first in range(5)]
"""The seeds in small portions: each is one test, far from any time limit on a busy machine."""


def breaches(scenario: str, seeds: Iterable[int]) -> str:
    """What the seeds of a scenario broke, a line for each; empty when all promises held.

    A seed replays alone, with its schedule: `PYTHONPATH=tests python -m simulator --seed N --scenario NAME -v`.
    """
    outcomes = (run_seed(seed, scenario) for seed in seeds)
    return "\n".join(f"seed {outcome.seed}: {'; '.join(outcome.broken)}" for outcome in outcomes if outcome.broken)
