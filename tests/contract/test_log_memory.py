"""The log in memory keeps the contract of the port."""

import pytest

from leadflow.adapters.log_memory import MemoryLog

from .log_contract import PARTITIONS, Forget, LogContract


class TestMemoryLog(LogContract):
    """MemoryLog."""

    @pytest.fixture
    def log(self) -> MemoryLog:
        """An empty log."""
        return MemoryLog(PARTITIONS)

    @pytest.fixture
    def forget(self) -> Forget:
        """Retention, at will."""
        return MemoryLog.forget
