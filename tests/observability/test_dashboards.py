"""The dashboards as Grafana reads them: nothing overlaps, nothing asks for what there is not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from observability.metric_names import known, used
from observability.rule_files import rules
from tools.dashboards.files import BOARDS, FOLDER, differing
from tools.dashboards.panel import WIDTH

BOARD_FILES = sorted(FOLDER.glob("*.json"))


def board(path: Path) -> dict[str, Any]:
    """One dashboard, read from its file."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_the_files_are_what_the_code_makes() -> None:
    """Nobody edits them by hand; `make docs` makes them anew."""
    assert differing() == []
    assert len({one.json()["uid"] for one in BOARDS}) == len(BOARDS) == len(BOARD_FILES) == 7


@pytest.mark.parametrize("path", BOARD_FILES, ids=lambda path: path.stem)
def test_panels_have_ids_and_places_of_their_own(path: Path) -> None:
    """Grafana would lose panels with equal ids and push overlapping ones around."""
    panels = board(path)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
        taken |= cells


@pytest.mark.parametrize("path", BOARD_FILES, ids=lambda path: path.stem)
def test_every_panel_can_be_read(path: Path) -> None:
    """A title of its own within its row, a sentence on what it shows, a unit, and the data source that was chosen."""
    titles: set[str] = set()
    for panel in board(path)["panels"]:
        if panel["type"] == "row":
            titles.clear()
            continue
        assert panel["title"] not in titles, panel["title"]
        titles.add(panel["title"])
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["type"] in {"timeseries", "stat", "bargauge", "table"}, "no plugin is needed"
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("path", BOARD_FILES, ids=lambda path: path.stem)
def test_every_query_asks_for_what_there_is(path: Path) -> None:
    """Metrics are declared in leadflow.metrics or recorded by the rules; labels in legends are in the query."""
    for panel in board(path)["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            assert used(expression), expression
            assert used(expression) <= known(), (panel["title"], used(expression) - known())
            if "by (" in expression:
                labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                kept = set(re.findall(r"\w+", " ".join(re.findall(r"(?:by|group_left) \(([^)]*)\)", expression))))
                assert labels <= kept | {"instance"}, (panel["title"], labels)


def test_every_rule_asks_for_what_there_is() -> None:
    """A renamed metric would silence an alert without a word."""
    for rule in rules():
        missing = used(rule["expr"]) - known()
        assert not missing, (rule.get("alert") or rule["record"], missing)
