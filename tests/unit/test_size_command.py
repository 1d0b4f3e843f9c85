"""`leadflow size`: what it prints, that the chart's tiers are its output, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bench.rates import SOURCES, rates_of
from bench.report import read_history
from typer.testing import CliRunner, Result

from leadflow.cli.main import app
from leadflow.cli.sizing.page import PAGE, part_of, rates_table, simulated_tier, tiers_table
from leadflow.cli.sizing.shipped import CHART, drift, file_of, write_files
from leadflow.core.sizing import TIERS, shipped_rates


def size(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["size", *arguments])


@pytest.mark.parametrize("name", TIERS)
def test_a_shipped_tier_is_what_the_command_prints(name: str) -> None:
    """Byte for byte."""
    assert size("--tier", name, "--output", "overlay").stdout == file_of(name).read_text(encoding="utf-8")


def test_drift_is_found_and_mended(tmp_path: Path) -> None:
    """A changed tier fails the check with the command that mends it; written anew, it passes."""
    write_files(tmp_path)
    assert not list(drift(tmp_path))
    changed = file_of("2m", tmp_path)
    changed.write_text(changed.read_text(encoding="utf-8").replace("partitions: 12", "partitions: 24"))
    (found,) = drift(tmp_path)
    assert "tier-2m.yaml" in found
    assert "make tiers" in found


@pytest.mark.parametrize("name", TIERS)
def test_an_overlay_holds_only_what_the_chart_has(name: str) -> None:
    """Every key of a tier is a key of values.yaml: none is misspelled, none goes nowhere."""
    known = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert not list(_strangers(yaml.safe_load(file_of(name).read_text(encoding="utf-8")), known, ""))


def _strangers(tree: dict[str, object], known: object, path: str) -> list[str]:
    assert isinstance(known, dict)
    missing = [f"{path}{key}" for key in tree if key not in known]
    inner = [
        found
        for key, value in tree.items()
        if key in known and isinstance(value, dict)
        for found in _strangers(value, known[key], f"{path}{key}.")
    ]
    return missing + inner


@pytest.mark.parametrize(("part", "make"), [("tiers", tiers_table), ("rates", rates_table)])
def test_the_page_shows_what_is_planned(part: str, make: Callable[[], str]) -> None:
    """The tables of docs/sizing.md are made from the code."""
    assert part_of(PAGE.read_text(encoding="utf-8"), part)[1] == make()


def test_the_page_shows_what_is_simulated() -> None:
    """The two smaller tiers are simulated again here, all of them by `make check`."""
    shown = part_of(PAGE.read_text(encoding="utf-8"), "simulations")[1]
    assert all(simulated_tier(name) in shown for name in ("100k", "1m"))


def test_an_overlay_says_which_settings_go_with_it() -> None:
    """It holds sizes alone; a retention of its own, and a sharded database, are settings that it asks for."""
    printed = size("--profiles", "20000000", "--retention-days", "14", "--output", "overlay").stdout
    assert "settings.retentionDays: 14" in printed
    assert "settings.arangoSharded: true" in printed
    usual = size("--profiles", "20000", "--output", "overlay").stdout
    assert "settings." not in usual


def test_a_table_gives_each_number_its_reason() -> None:
    """Pods, partitions, disks and database are there, and what one small machine would do."""
    printed = size("--profiles", "2000000", "--peak-factor", "6", "--availability", "servers").stdout
    for expected in (
        "processor: pods",
        "partitions",
        "Kafka: a broker's disk",
        "database: load",
        "One machine",
        "from",
    ):
        assert expected in printed


def test_a_simulation_shows_the_lost_pod() -> None:
    """The longest time grows by the session and the rebalance, and the other rows do not change."""
    calm, lost = size("--tier", "100k", "--simulate").stdout.splitlines()[3:5]
    longest = [
        float(line.rpartition("campaign")[2].replace(", processor pod lost", "").split()[2]) for line in (calm, lost)
    ]
    assert longest[0] < 1
    assert 10 < longest[1] < 20


def test_json_is_for_programs() -> None:
    """The plan with its workload, in full."""
    found = json.loads(size("--profiles", "1000000", "--output", "json").stdout)
    assert found["workload"]["profiles"] == 1_000_000
    assert found["partitions"] >= found["processor"]["most_replicas"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--profiles 2000000"),
        (("--profiles", "0"), "--profiles: 0"),
        (("--profiles", "1000000000"), "installations"),
    ],
)
def test_what_cannot_be_planned_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """An error of Leadflow's, which the program prints as a line and ends with code 2."""
    result = size(*arguments)
    assert result.exit_code != 0
    assert said in str(result.exception)


def test_shipped_rates_stand_in_the_history() -> None:
    """Every rate is one that a recorded run has measured, at that time on that commit: none is made up."""
    runs = {run["at"]: run for run in read_history()}
    for name, source in SOURCES.items():
        rate = getattr(shipped_rates(), name)
        assert (rate.commit, rate.unit) == (runs[rate.at]["commit"], source.unit)
        assert rate.value == runs[rate.at]["detail"][source.figure][source.detail]


def test_rates_come_from_the_last_run_that_measured_them() -> None:
    """A later run with another figure moves that rate alone."""
    history = read_history()
    later = {**history[-1], "at": "later", "detail": {"resolver": {"resolver_cpu_us": 77.0}}}
    before, after = rates_of(history), rates_of([*history, later])
    assert (after.resolver_us.value, after.resolver_us.at) == (77.0, "later")
    assert after.processor_us == before.processor_us


def test_a_rate_that_nobody_measured_is_missed() -> None:
    """The error names the figure and the part of the benchmarks that measures it."""
    runs = [{**run, "detail": {}} for run in read_history()]
    with pytest.raises(LookupError, match="--part kafka --record"):
        rates_of(runs)
