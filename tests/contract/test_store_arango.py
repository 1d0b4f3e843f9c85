"""The store in ArangoDB keeps the contract: on the double, or on the server of LEADFLOW_TEST_ARANGO_URL."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tools.arango_double.running import prepared

from leadflow.adapters.arango_options import ArangoOptions
from leadflow.adapters.store_arango import ArangoStore

from .store_contract import HASHED, LOOSE, NOTES, DurableStoreContract, StoreContract

SHARED = (NOTES, LOOSE, HASHED)


@pytest.fixture
async def options() -> AsyncIterator[ArangoOptions]:
    """An empty database with the collections."""
    async with prepared(SHARED) as given:
        yield given


@pytest.fixture
async def store(options: ArangoOptions) -> AsyncIterator[ArangoStore]:
    """A store on it."""
    opened = await ArangoStore.open(options, collections=SHARED)
    yield opened
    await opened.close()


@pytest.fixture
async def reopen(store: ArangoStore, options: ArangoOptions) -> AsyncIterator[Callable[[], Awaitable[ArangoStore]]]:
    """Close the store and open it again."""
    again: list[ArangoStore] = []

    async def open_again() -> ArangoStore:
        await store.close()
        again.append(await ArangoStore.open(options, collections=SHARED))
        return again[-1]

    yield open_again
    for opened in again:
        await opened.close()


class TestArangoStore(StoreContract, DurableStoreContract):
    """The contract's tests."""
