"""What Prometheus and Grafana get from the chart is what the tests of tests/observability have seen."""

import json

import yaml
from chart.render import CHART, Case, objects

RUNBOOKS = "https://runbooks.example/leadflow/"
MONITORED = Case(
    "monitored",
    values=json.dumps(
        {"monitoring": {"rules": {"enabled": True, "runbooks": RUNBOOKS}, "dashboards": {"enabled": True}}}
    ),
)


def test_rules_are_wrapped_as_they_are() -> None:
    """Groups, expressions and templates of alerts arrive unchanged; only runbooks get their address."""
    wrapped = [one["spec"] for one in objects(MONITORED) if one["kind"] == "PrometheusRule"]
    files = sorted((CHART / "files" / "rules").glob("*.yaml"))
    assert len(files) == 2
    for path in files:
        text = path.read_text(encoding="utf-8").replace("runbook_url: docs/", f"runbook_url: {RUNBOOKS}docs/")
        assert yaml.safe_load(text) in wrapped, path.name


def test_dashboards_are_wrapped_as_they_are() -> None:
    """Each has a ConfigMap of its own with the label that Grafana's sidecar looks for."""
    maps = [one for one in objects(MONITORED) if one["kind"] == "ConfigMap"]
    marked = [one["data"] for one in maps if "grafana_dashboard" in one["metadata"]["labels"]]
    found = {name: text for data in marked for name, text in data.items()}
    files = sorted((CHART / "files" / "dashboards").glob("*.json"))
    assert found.keys() == {path.name for path in files}
    for path in files:
        assert json.loads(found[path.name]) == json.loads(path.read_text(encoding="utf-8"))
