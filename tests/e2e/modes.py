"""Embedded and distributed: the same tests, the same code above the two ports."""

import pytest

EMBEDDED, DISTRIBUTED = "embedded", "distributed"
MODES = (EMBEDDED, pytest.param(DISTRIBUTED, marks=pytest.mark.kafka))
IN_BOTH_MODES = pytest.mark.parametrize("api", MODES, indirect=True)
"""Before a test that takes `api`."""
