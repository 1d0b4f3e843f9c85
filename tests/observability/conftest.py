"""A real Prometheus for every test that asks for one."""

import os

import pytest
from tools.prometheus import missing_programs


@pytest.fixture(scope="session")
def needs_prometheus() -> None:
    """Say that Prometheus can run here. In CI it has to; elsewhere the tests skip."""
    missing = ", ".join(missing_programs())
    if missing:
        assert not os.environ.get("CI"), f"CI needs {missing}: the tests of alerts must not be skipped there"
        pytest.skip(f"this needs {missing}")
