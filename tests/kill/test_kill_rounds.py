"""Promises 1 to 5 on the real program: killed at any moment of its life, under load, again and again."""

import os
from pathlib import Path

import pytest
from kill.rounds import run_lanes

ROUNDS = int(os.environ.get("ROUNDS", "40"))


@pytest.mark.timeout(240 + 10 * ROUNDS)
def test_whatever_moment_it_is_killed_at_nothing_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    """SIGKILL under load, while it starts or stops; what was acknowledged is there once, as in a quiet run."""
    for saw in run_lanes(tmp_path, ROUNDS):
        assert saw["acknowledged"], saw
        assert saw["connections cut"], saw


@pytest.mark.timeout(240 + 10 * ROUNDS)
def test_it_is_so_with_arangodb_in_trouble(tmp_path: Path) -> None:
    """The same with documents in ArangoDB, whose requests meet conflicts, refusals, resets and lost answers."""
    for saw in run_lanes(tmp_path, max(4, ROUNDS // 5), arango=True):
        assert saw["acknowledged"], saw
