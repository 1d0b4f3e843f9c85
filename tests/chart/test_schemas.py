"""Every combination is what API servers of three versions take, to the last field."""

import copy
import json

import pytest
import yaml
from chart.cases import ALL, EMBEDDED, TIERS
from chart.render import CHART, Case, lint, objects
from chart.schemas import CRDS, VERSIONS, problems


@pytest.mark.parametrize("case", ALL, ids=str)
def test_api_servers_would_take_it(case: Case) -> None:
    """No kind and no field is unknown, no value of a wrong type, in any of three Kubernetes versions."""
    rendered = objects(case)
    assert rendered
    assert [problem for version in VERSIONS for one in rendered for problem in problems(one, version)] == []


@pytest.mark.parametrize("case", [EMBEDDED, *TIERS], ids=str)
def test_helm_has_nothing_to_say(case: Case) -> None:
    """`helm lint --strict` finds no warning."""
    assert "0 chart(s) failed" in lint(case)


def test_the_oldest_version_is_the_one_promised() -> None:
    """Chart.yaml promises no Kubernetes that is older than what is validated here."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"


def test_a_misspelt_field_is_found() -> None:
    """The schemas are closed, also below a reference and in custom resources."""
    pod = next(copy.deepcopy(one) for one in objects(EMBEDDED) if one["kind"] == "StatefulSet")
    pod["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    rule = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "rules"}}
    rule["spec"] = {"groups": [{"name": "lag", "rules": [{"expr": "up", "expression": "down"}]}]}
    for version in VERSIONS:
        assert any("readynessProbe" in problem for problem in problems(pod, version))
        assert any("expression" in problem for problem in problems(rule, version))


def test_an_unknown_kind_is_found() -> None:
    """Also one whose group merely begins like a known one."""
    for api_version, kind in (("apps/v1", "Deploymint"), ("apps.example.com/v1", "Deployment"), ("v2", "Service")):
        unknown = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "any"}}
        assert "unknown" in problems(unknown, VERSIONS[0])[0]


def test_every_schema_tells_its_source() -> None:
    """Each file in crds/ names what it was made from, at which version and under which licence, or that it was not."""
    for path in CRDS.glob("*.json"):
        told = json.loads(path.read_text(encoding="utf-8"))["$comment"]
        assert ("python -m tools.crds" in told and "Apache-2.0" in told) or "written by hand" in told
