"""A real Kafka broker, a real Prometheus, for every test that asks for one."""

import os
from collections.abc import Iterator

import pytest
from tools import prometheus
from tools.broker import Cluster, missing_programs, running


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a broker, directly or by another fixture."""
    if isinstance(item, pytest.Function) and "needs_kafka" in item.fixturenames:
        item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def needs_kafka() -> None:
    """Say that Kafka can run here. In CI it has to; elsewhere the tests skip."""
    missing = ", ".join(missing_programs())
    if missing:
        assert not os.environ.get("CI"), f"CI needs {missing}: the tests of Kafka must not be skipped there"
        pytest.skip(f"a Kafka broker needs {missing}")


@pytest.fixture(scope="session")
def kafka(needs_kafka: None) -> Iterator[Cluster]:  # noqa: ARG001  skips or fails
    """One broker for each worker of the test run: use topics and groups of your own, and leave it running."""
    with running() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def needs_prometheus() -> None:
    """Say that Prometheus can run here. In CI it has to; elsewhere the tests skip."""
    missing = ", ".join(prometheus.missing_programs())
    if missing:
        assert not os.environ.get("CI"), f"CI needs {missing}: the tests of alerts must not be skipped there"
        pytest.skip(f"this needs {missing}")
