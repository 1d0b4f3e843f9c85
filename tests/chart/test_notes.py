"""NOTES.txt: what an operator is told after an installation."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from chart.cases import DISTRIBUTED, EMBEDDED
from chart.render import CHART, Case, helm, objects

_NAMED = re.compile(r"\b(service|statefulset)/(\S+)")


def notes(case: Case, folder: Path) -> str:
    """Return the notes. `helm template` omits them and `helm install` wants a cluster, so they become a manifest."""
    chart = Path(shutil.copytree(CHART, folder / "leadflow"))
    told = chart / "templates" / "NOTES.txt"
    manifest = '{{ define "notes" }}%s{{ end }}\nnotes: {{ include "notes" . | toJson }}\n'
    (chart / "templates" / "notes.yaml").write_text(manifest % told.read_text(encoding="utf-8"), encoding="utf-8")
    told.unlink()
    overlays = [argument for overlay in case.overlays for argument in ("--values", str(chart / overlay))]
    rendered = helm(
        "template",
        case.release,
        str(chart),
        *overlays,
        "--values",
        "-",
        "-s",
        "templates/notes.yaml",
        given=case.values,
    )
    return str(yaml.safe_load(rendered)["notes"])


@pytest.mark.parametrize("case", [EMBEDDED, DISTRIBUTED], ids=str)
def test_what_they_name_is_installed(case: Case, tmp_path: Path) -> None:
    """Each object in a command is one of the release, and a fresh installation is told what it lacks."""
    told = notes(case, tmp_path)
    installed = {(one["kind"].lower(), one["metadata"]["name"]) for one in objects(case)}
    named = set(_NAMED.findall(told))
    assert named
    assert named <= installed
    assert "What is missing" in told


def test_nothing_is_missing_from_a_whole_one(tmp_path: Path) -> None:
    """Who has set it all is told nothing more."""
    whole = DISTRIBUTED.having(
        "whole",
        {
            "observer": {"httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}]}},
            "monitoring": {"serviceMonitor": {"enabled": True}},
            "networkPolicy": {"enabled": True},
            "kafka": {"security": "ssl"},
            "arangodb": {"tls": {"enabled": True}},
        },
    )
    assert "What is missing" not in notes(whole, tmp_path)
