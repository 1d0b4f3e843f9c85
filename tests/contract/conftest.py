"""The contract suites are plain modules: let their assertions explain themselves."""

import pytest

pytest.register_assert_rewrite("tests.contract.log_contract", "tests.contract.store_contract")
