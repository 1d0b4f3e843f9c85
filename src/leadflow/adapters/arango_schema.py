"""The database as `leadflow init` makes it: created where it is absent, filled up where something was added, never cut.

Every step looks before it acts and takes "it is there" for an answer, so it can run again, twice at once, and while
services run.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
from arangoasync.request import Method

from leadflow.adapters.arango_client import Arango
from leadflow.adapters.arango_documents import FIELDS
from leadflow.adapters.arango_errors import DUPLICATE_NAME, StoreRefused
from leadflow.adapters.arango_options import ArangoOptions
from leadflow.contracts.collections import COLLECTIONS, Collection
from leadflow.ports import LeadflowError

_SYSTEM = "_system"
_encode = msgspec.json.Encoder().encode


class NotPrepared(LeadflowError):
    """The database lacks something that the services need: `leadflow init` has to run first."""


class _Role(msgspec.Struct):
    role: str = "SINGLE"


class _Server(msgspec.Struct, rename="pascal"):
    role: str = ""


class _Health(msgspec.Struct, rename="pascal"):
    health: dict[str, _Server] = {}


class _Named(msgspec.Struct):
    name: str = ""


class _Collections(msgspec.Struct):
    result: list[_Named]


class _Index(msgspec.Struct):
    name: str
    fields: list[Any] = []


class _Indexes(msgspec.Struct):
    indexes: list[_Index]


def index_name(fields: Iterable[str]) -> str:
    """What the index on these fields is called."""
    return "by_" + "_".join(fields)


def index_fields(fields: Iterable[str]) -> list[str]:
    """The attributes of an index; the key at the end makes pages come in order without sorting."""
    return [*(f"{FIELDS}.{field}" for field in fields), "_key"]


async def prepare(options: ArangoOptions, collections: Iterable[Collection[Any]] = COLLECTIONS) -> list[str]:
    """Create what is absent: database, collections, indexes. What was done, a sentence each; none: all was there."""
    done: list[str] = []
    async with _opened(replace(options, database=_SYSTEM)) as system:
        copies = min(options.replication_factor, await _servers(system))
        if await _create_database(system, options, copies):
            done.append(f"created the database {options.database} with {copies} copies of each document")
    async with _opened(options) as server:
        present = await _present(server)
        for collection in collections:
            if collection.name not in present:
                await create_collection(server, options, collection, copies)
                done.append(f"created the collection {collection.name}")
            done += [f"added the index {name} to {collection.name}" for name in await add_indexes(server, collection)]
    return done


async def check(server: Arango, collections: Iterable[Collection[Any]] = COLLECTIONS) -> None:
    """Raise NotPrepared, naming what is absent, unless every collection is there."""
    try:
        present = await _present(server)
    except StoreRefused as error:
        raise NotPrepared(f"{error}") from None
    absent = sorted({collection.name for collection in collections} - present)
    if absent:
        raise NotPrepared(f"ArangoDB lacks the collections {', '.join(absent)}: run leadflow init")


@asynccontextmanager
async def _opened(options: ArangoOptions) -> AsyncIterator[Arango]:
    server = await Arango.open(options)
    try:
        yield server
    finally:
        await server.close()


async def _servers(system: Arango) -> int:
    """How many servers hold data."""
    role = await system.call(Method.GET, "/_admin/server/role", _Role)
    if isinstance(role, int) or role.role != "COORDINATOR":
        return 1
    health = await system.call(Method.GET, "/_admin/cluster/health", _Health)
    servers = {} if isinstance(health, int) else health.health
    return max(1, sum(server.role == "DBServer" for server in servers.values()))


async def _create_database(system: Arango, options: ArangoOptions, copies: int) -> bool:
    sharding = {"sharding": "" if options.sharded else "single"}
    spread = {"replicationFactor": copies, "writeConcern": min(options.write_concern, copies)}
    body = _encode({"name": options.database, "options": sharding | spread})
    there = frozenset({DUPLICATE_NAME})
    answer = await system.call(Method.POST, "/_api/database", dict[str, Any], body=body, expected=there)
    return not isinstance(answer, int)


async def _present(server: Arango) -> set[str]:
    answer = await server.call(Method.GET, "/_api/collection", _Collections, params={"excludeSystem": "true"})
    return set() if isinstance(answer, int) else {collection.name for collection in answer.result}


async def create_collection(server: Arango, options: ArangoOptions, collection: Collection[Any], copies: int) -> None:
    """A collection with so many copies of each document; one that is there is left as it is."""
    properties: dict[str, Any] = {
        "name": collection.name,
        "waitForSync": options.wait_for_sync,
        "replicationFactor": copies,
        "writeConcern": min(options.write_concern, copies),
    }
    if options.sharded:
        properties |= {"numberOfShards": options.shards, "shardKeys": ["_key"]}
    there = frozenset({DUPLICATE_NAME})
    await server.call(Method.POST, "/_api/collection", dict[str, Any], body=_encode(properties), expected=there)


async def add_indexes(server: Arango, collection: Collection[Any]) -> list[str]:
    """Add the indexes that are absent, while others write; the names of those added."""
    known = await server.call(Method.GET, "/_api/index", _Indexes, params={"collection": collection.name})
    names = set() if isinstance(known, int) else {index.name for index in known.indexes}
    added = [index_name(fields) for fields in collection.indexes if index_name(fields) not in names]
    for fields in collection.indexes:
        if index_name(fields) in added:
            index = {
                "type": "persistent",
                "name": index_name(fields),
                "fields": index_fields(fields),
                "inBackground": True,  # writers go on
            }
            params = {"collection": collection.name}
            await server.call(Method.POST, "/_api/index", dict[str, Any], params=params, body=_encode(index))
    return added
