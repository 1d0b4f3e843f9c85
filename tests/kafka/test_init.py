"""`leadflow init` on a real broker: what it creates, what it tells, and what it never does."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.server import free_port
from kafka.program import leadflow
from tools.broker import Cluster

Init = Callable[..., subprocess.CompletedProcess[str]]
TOPICS = ("touchpoints", "identity", "resolved", "lead-scores", "stage-changes", "lead-alerts", "rejected")


@pytest.fixture
def init(kafka: Cluster, tmp_path: Path) -> Init:
    """`leadflow init` with topics of this test's own."""
    prefix = f"{tmp_path.name}."

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return leadflow(tmp_path, "init", *arguments, LEADFLOW_LOG=kafka.url, LEADFLOW_TOPIC_PREFIX=prefix, **settings)

    return run


def test_a_second_run_finds_nothing_to_do_and_changed_settings_are_told(init: Init, tmp_path: Path) -> None:
    """Everything is created once; what differs later is a line each, and stays as it is."""
    first, second = init(LEADFLOW_PARTITIONS="3"), init(LEADFLOW_PARTITIONS="3")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    for topic in TOPICS:
        count = 1 if topic == "identity" else 3
        assert f"created {tmp_path.name}.{topic}: {count} partitions" in first.stdout
    assert "nothing to do: all 7 topics" in second.stdout
    assert (tmp_path / "store.db").exists()
    assert not list(tmp_path.glob("**/secrets.json"))  # what services need is given to them, not left on some disk

    changed = init(LEADFLOW_RETENTION_DAYS="30")
    assert changed.returncode == 0
    told = [line for line in changed.stdout.splitlines() if line.startswith("differs ")]
    assert len(told) == 3
    assert all("retention.ms is 7 d, the settings ask for 30 d" in line and "--apply" in line for line in told)
    applied, after = init("--apply", LEADFLOW_RETENTION_DAYS="30"), init(LEADFLOW_RETENTION_DAYS="30")
    assert applied.stdout.count("retention.ms=2592000000") == 3
    assert "differs" not in after.stdout
    shorter = init("--apply", LEADFLOW_RETENTION_DAYS="2")
    assert shorter.stdout.count("it would delete records") == 3
    assert "differs" not in init(LEADFLOW_RETENTION_DAYS="30").stdout


def test_partitions_grow_only_where_and_when_it_is_said(init: Init) -> None:
    """`resolved` never changes, `touchpoints` on demand, and nothing shrinks."""
    assert init(LEADFLOW_PARTITIONS="2").returncode == 0
    refused = init(LEADFLOW_PARTITIONS="4")
    assert refused.returncode == 3
    assert ".resolved: partitions is 2, the settings ask for 4: it is fixed for life" in refused.stdout
    assert "--grow touchpoints=4" in refused.stdout
    wrong = init("--grow", "resolved=4")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "only touchpoints may grow" in wrong.stderr
    grown = init("--grow", "touchpoints=4")
    assert grown.returncode == 0
    assert ".touchpoints: 4 partitions" in grown.stdout
    fewer = init("--grow", "touchpoints=2")
    assert fewer.returncode == 0
    assert "partitions is 4, the settings ask for 2: partitions are never taken away" in fewer.stdout


def test_a_cluster_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    """`init` does not wait: whoever typed it reads what is wrong."""
    done = leadflow(tmp_path, "init", LEADFLOW_LOG=f"kafka://127.0.0.1:{free_port()}", LEADFLOW_LOG_LEVEL="error")
    assert done.returncode == 2
    assert "leadflow: connecting to 127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr
