"""A database for a test: on the double, or on a real server where LEADFLOW_TEST_ARANGO_URL names one."""

import os
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from arangoasync.request import Method
from tools.arango_double.accounts import Accounts
from tools.arango_double.server import Server, running

from leadflow.adapters.arango_client import Arango
from leadflow.adapters.arango_options import ArangoOptions
from leadflow.adapters.arango_schema import prepare
from leadflow.contracts.collections import COLLECTIONS, Collection

LIVE = "LEADFLOW_TEST_ARANGO_URL"
"""`http://user:password@host:port`: a server on which tests may make databases leadflow_test_…; they drop them."""


@asynccontextmanager
async def prepared(collections: Iterable[Collection[Any]] = COLLECTIONS) -> AsyncIterator[ArangoOptions]:
    """Options for a new database with these collections, which goes afterwards."""
    live = os.environ.get(LIVE)
    if live is None:
        async with doubled(collections) as (options, _):
            yield options
        return
    parts = urlsplit(live)
    options = ArangoOptions(
        hosts=(f"{parts.scheme}://{parts.hostname}:{parts.port}",),
        database=f"leadflow_test_{secrets.token_hex(6)}",
        username=parts.username or "root",
        password=parts.password or "",
    )
    await prepare(options, collections)
    try:
        yield options
    finally:
        server = await Arango.open(replace(options, database="_system"))
        await server.call(Method.DELETE, f"/_api/database/{options.database}", dict[str, Any])
        await server.close()


@asynccontextmanager
async def doubled(
    collections: Iterable[Collection[Any]] = COLLECTIONS, **given: Any
) -> AsyncIterator[tuple[ArangoOptions, Server]]:
    """The double itself besides, for what a real server cannot be asked to do: count requests, be in trouble."""
    password = secrets.token_hex(8)
    async with running(Accounts({"root": password})) as server:
        options = ArangoOptions(hosts=(server.url,), database="leadflow_test", password=password, **given)
        await prepare(options, collections)
        yield options, server
