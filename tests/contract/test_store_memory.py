"""The store in memory keeps the contract of the port."""

import pytest

from leadflow.adapters.store_memory import MemoryStore

from .store_contract import StoreContract


class TestMemoryStore(StoreContract):
    """MemoryStore."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        """An empty store."""
        return MemoryStore()
