"""Promises 1 to 5 on separate services over a real broker, with somebody dying, sleeping or joining all the time."""

import os
from pathlib import Path

import pytest
from fire.drill import Drill
from tools.broker import running

TOUCHPOINTS = int(os.environ.get("TOUCHPOINTS", "3000"))
DEEDS = int(os.environ.get("DEEDS", "11"))


@pytest.mark.usefixtures("needs_kafka")
@pytest.mark.timeout(600 + TOUCHPOINTS // 50 + 10 * DEEDS)
def test_whoever_dies_sleeps_or_joins_every_change_is_seen_once_and_every_score_is_the_same(tmp_path: Path) -> None:
    """Two observers, three processors, two scorers; kill -9, SIGTERM, SIGSTOP beyond a session, newcomers."""
    with running() as cluster:
        saw = Drill(cluster, tmp_path, seed=1, touchpoints=TOUCHPOINTS, deeds=DEEDS).run()
    assert saw["changes"], saw
    assert saw["merged"], saw
    assert saw["same order as embedded"], saw
