"""Promise 1 while the broker is away, or a third of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fire.outage import Outage
from fire.stories import away, one_of_three
from tools.broker import Node, running

pytestmark = [pytest.mark.usefixtures("needs_kafka"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("how", [Node.stop, Node.kill], ids=["SIGTERM", "SIGKILL"])
def test_a_broker_that_goes_away_costs_time_and_nothing_else(how: Callable[[Node], None], tmp_path: Path) -> None:
    """503 with Retry-After within the deadline, memory bounded; when it is back all goes on by itself, nothing lost."""
    with running() as cluster:
        saw = Outage(cluster, tmp_path).run(away(how))
    assert saw["told to come again"], saw


def test_ingestion_goes_on_when_one_of_three_nodes_dies(tmp_path: Path) -> None:
    """With a node of three dead, requests are taken as before."""
    with running(nodes=3) as cluster:
        saw = Outage(cluster, tmp_path).run(one_of_three)
    assert saw["taken without it"], saw
