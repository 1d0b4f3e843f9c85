"""Promise 6: who crowds does not stop the others."""

from pathlib import Path

import pytest
from fire.crowding import Crowding, hot_profile, merge_storm
from tools.broker import running

IDS = 400
MOST_IDS = 200  # anonymous ids that a profile may have


@pytest.mark.usefixtures("needs_kafka")
@pytest.mark.timeout(600)
def test_a_hot_profile_and_a_merge_storm_do_not_stop_the_others(tmp_path: Path) -> None:
    """A profile with half of all touchpoints, and twice the ids that one may have: the others' changes keep coming."""
    crowd = [request for pair in zip(hot_profile(IDS), merge_storm(IDS), strict=True) for request in pair]
    with running() as cluster:
        saw = Crowding(cluster, tmp_path, others=IDS, a_second=20).run(crowd)
    assert saw["changes"], saw
    assert saw["largest profile"] == MOST_IDS + 1, saw  # and the address
    assert saw["slowest_s"] < saw["all done_s"], saw
