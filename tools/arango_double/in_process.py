"""A client that talks to the double without a network: nothing waits, so that a simulation keeps its every choice."""

import json
from collections.abc import Mapping
from typing import TypeVar

from arangoasync.request import Method
from arangoasync.response import Response
from tools.arango_double.accounts import Accounts
from tools.arango_double.server import SYSTEM, Server

from leadflow.adapters.arango_client import Arango, read_answer
from leadflow.adapters.arango_options import ArangoOptions
from leadflow.adapters.arango_schema import add_indexes, create_collection
from leadflow.adapters.store_arango import ArangoStore
from leadflow.contracts.collections import COLLECTIONS

T = TypeVar("T")

_OK = range(200, 300)


class InProcess(Arango):
    """`Arango` whose requests are calls of the double."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def call(
        self,
        method: Method,
        path: str,
        answer: type[T],
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> T | int:
        """See `Arango.call`."""
        answered = self.server.answer(method.name, path, params or {}, {"Authorization": "basic cm9vdDo="}, body or b"")
        raw = json.dumps(answered.body).encode()
        response = Response(method, path, {}, answered.status, "", raw)
        response.is_success = answered.status in _OK
        return read_answer(response, answer, expected, f"{method.name} {path}")


async def store_in_process() -> ArangoStore:
    """A store with all collections on a double of its own."""
    server = Server(Accounts({"root": ""}))
    options = ArangoOptions(hosts=("http://double",), database=SYSTEM)
    client = InProcess(server)
    for collection in COLLECTIONS:
        await create_collection(client, options, collection, 1)
        await add_indexes(client, collection)
    return ArangoStore(client, options, COLLECTIONS)
