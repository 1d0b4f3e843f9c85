"""Every rule means what it says: checked by promtool, and run by it against series made for it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from observability.alert_cases import CASES, Case, Series
from observability.recording_cases import RECORDED
from observability.rule_files import alerts, recorded
from tools.prometheus import RULES, promtool, scaled

OPERATIONS = Path(__file__).parent.parent.parent / "docs" / "operations.md"


@pytest.mark.usefixtures("needs_prometheus")
def test_the_rules_are_valid() -> None:
    """No syntax error, no name twice."""
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *map(str, sorted(RULES.glob("*.yaml"))))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("needs_prometheus")
def test_every_rule_means_what_it_says(tmp_path: Path) -> None:
    """Each alert fires for its series, with its labels, not for the nearest others; each record has its value."""
    files = []
    for every in sorted({case.every for case in CASES}):
        tests = [test for case in CASES if case.every == every for test in _tests(case)]
        if every == "1m":
            tests += [_group(one.series, [_value(*value, "12m") for value in one.values.items()]) for one in RECORDED]
        rules = [str(path) for path in sorted(RULES.glob("*.yaml"))]
        files.append(tmp_path / f"{every}.test.yaml")
        files[-1].write_text(json.dumps({"rule_files": rules, "evaluation_interval": every, "tests": tests}))
    done = promtool("test", "rules", *map(str, files))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_its_case() -> None:
    """A rule without one would be a rule that nobody has seen work."""
    assert {case.alert for case in CASES} == set(alerts())
    assert {name for one in RECORDED for name in one.names} == recorded()


def test_every_alert_says_who_should_do_what() -> None:
    """Severity, component, what it is, and where to read on."""
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert rule["labels"].keys() == {"severity", "component"}, name
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}", name


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    """Whoever is woken up finds what it means, what to look at and what to do."""
    page = OPERATIONS.read_text(encoding="utf-8")
    sections = dict(re.findall(r"(?ms)^### (Leadflow\w+)\n(.*?)(?=^#|\Z)", page))
    assert sections.keys() == alerts().keys()
    for name, text in sections.items():
        for part in ("**Means**", "**Look at**", "**Do**"):
            assert part in text, f"{name} has no {part}"


def test_rules_on_a_faster_clock_are_the_same_rules(tmp_path: Path) -> None:
    """Windows and waits are divided, thresholds and all else stay."""
    written = scaled(tmp_path, 30)
    assert [path.name for path in written] == ["alerts.yaml", "recording.yaml"]
    text = written[0].read_text(encoding="utf-8")
    assert "for: 4000ms" in text  # 2m
    assert "[30000ms]" in text  # 15m
    assert "14.4 * 0.001" in text
    assert "ratio_rate5m" in text


def _tests(case: Case) -> Sequence[dict[str, Any]]:
    """One group with what makes it fire, one with what does not."""
    named = f'ALERTS{{alertname="{case.alert}",alertstate="firing"'
    expected = f'count({named},severity="{case.severity}",component="{case.component}"}})'
    fires = [_value(expected, 1, case.at)]
    if case.not_yet:
        fires.append(_nothing(f"{named}}}", case.not_yet))
    return [_group(case.fires, fires), _group(case.quiet, [_nothing(f"{named}}}", case.at)])]


def _group(series: Series, expressions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": list(expressions),
    }


def _value(expression: str, value: float, at: str) -> dict[str, Any]:
    """Rounded: what promtool computes is compared to the last bit."""
    rounded = f"sum(round({expression}, 0.001))"
    return {"expr": rounded, "eval_time": at, "exp_samples": [{"labels": "{}", "value": value}]}


def _nothing(expression: str, at: str) -> dict[str, Any]:
    return {"expr": expression, "eval_time": at, "exp_samples": []}
