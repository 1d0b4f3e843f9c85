"""A part of what `python -m alerts` does: the embedded pipeline, its dashboards, and some of its alerts."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from alerts.panels import answered, of_kafka, questions
from alerts.scenes import SCENES, table
from alerts.traffic import flowing, send
from e2e import plain_http
from e2e.server import ADMIN_TOKEN
from e2e.waiting import wait_for
from observability.rule_files import alerts
from tools.prometheus import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FACTOR, EVERY = 20.0, 1.0
QUICK = ("a_touchpoint_meets_a_defect", "a_merge_meets_a_defect", "memory_runs_out", "nobody_starts_it_again")


@pytest.fixture(scope="module")
def watched(needs_prometheus: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Prometheus]]:  # noqa: ARG001
    """The embedded pipeline, watched."""
    with SCENES["alone"].on(tmp_path_factory.mktemp("alone"), FACTOR, EVERY) as both:
        yield both


def test_every_alert_has_its_deed() -> None:
    """An alert that nobody has ever seen fire may be one that cannot."""
    provoked = [alert for scene in SCENES.values() for deed in scene.deeds for alert in deed.alerts]
    assert sorted(provoked) == sorted(set(provoked)), "one deed for each is enough"
    assert set(provoked) == alerts().keys()


def test_the_documentation_shows_every_deed() -> None:
    """`python -m alerts --list` prints the rows."""
    page = (Path(__file__).parents[2] / "docs" / "observability.md").read_text(encoding="utf-8")
    assert [row for row in page.splitlines() if row in table()] == table()


def test_every_query_has_an_answer(watched: tuple[Any, Prometheus]) -> None:
    """While people come and go, each panel shows a number; those of Kafka have none here."""
    scene, prometheus = watched
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    shared = [scene.track(type="identify", userId=f"u{number}", traits={"email": "one@acme.test"}) for number in (1, 2)]
    unusable = scene.track(type="identify", userId="null")
    still = {place: query for place, query in questions() if not of_kafka(place)}

    def all_answered() -> bool:
        assert plain_http.get(f"{scene.server.url}/api/v1/funnel", headers=bearer).is_success
        for place in [place for place, query in still.items() if answered(prometheus, query)]:
            del still[place]
        return not still

    assert send(scene.port, [*shared, unusable]) == httpx.codes.OK
    with flowing(scene.port, pause=0.05):
        with suppress(AssertionError):
            wait_for(all_answered, "an answer to every query", seconds=90, pause=2.0)
        assert not still, "\n".join(still)
    assert prometheus.ailing() == {}


@pytest.mark.parametrize("name", QUICK)
def test_trouble_makes_its_alerts_fire(name: str, watched: tuple[Any, Prometheus]) -> None:
    """Within the time that the rule says."""
    scene, prometheus = watched
    (deed,) = [deed for deed in SCENES["alone"].deeds if deed.name == name]
    deed.provoke(scene, prometheus, 60)
