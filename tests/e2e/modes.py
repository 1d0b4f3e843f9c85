"""Embedded and distributed: the same tests, the same code above the two ports."""

import pytest

EMBEDDED, DISTRIBUTED = "embedded", "distributed"
MODES = (EMBEDDED, pytest.param(DISTRIBUTED, marks=pytest.mark.kafka))
ON_ARANGODB = "-arangodb"
"""Behind a mode: documents are in ArangoDB, on the double or on the server of LEADFLOW_TEST_ARANGO_URL."""
EVERY_MODE = (
    *MODES,
    EMBEDDED + ON_ARANGODB,
    pytest.param(DISTRIBUTED + ON_ARANGODB, marks=pytest.mark.kafka),
)
IN_BOTH_MODES = pytest.mark.parametrize("api", MODES, indirect=True)
"""Before a test that takes `api`."""
