"""Where the workers of a run share what they render."""

import os

import pytest
from chart.shared import RENDERED


@pytest.fixture(scope="session", autouse=True)
def shared_renders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share among the workers of this run alone, if there are any: their folders have one parent."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        RENDERED.folder = tmp_path_factory.getbasetemp().parent / "rendered"
