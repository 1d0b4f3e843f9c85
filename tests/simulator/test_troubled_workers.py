"""Promises 1 to 5 under crashes, zombies, conflicts and lost replies: the real pipeline under a seeded schedule."""

import subprocess
import sys
from pathlib import Path

import pytest
from simulator.holds import PORTIONS, breaches
from simulator.scenarios import WORKERS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seeds", PORTIONS)
@pytest.mark.parametrize("scenario", WORKERS)
def test_every_schedule_keeps_the_promises(scenario: str, seeds: range) -> None:
    """However the workers are interleaved, killed, put to sleep and lied to: nothing is lost, doubled or disordered."""
    assert not breaches(scenario, seeds)


def diary(hash_seed: str) -> str:
    """The diary of one run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "--seed", "3", "--scenario", "rough", "-v"],
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_a_seed_takes_the_same_course_in_every_process() -> None:
    """What failed in one process replays in another, step by step."""
    first = diary("1")
    assert "unavailable" in first
    assert "is killed" in first
    assert first == diary("2")
