"""Requests to ArangoDB through the vendor's driver, with a deadline for each and errors that are ours.

Of the driver only the connection is used: hosts, sessions, requests. Its defects that matter (1.2.7) are guarded: it
renews tokens wrongly and builds a deprecated object for each password, so the header of authorization is made here; it
repeats a POST on a broken connection, so it is given one try a host; it lets time-outs and half-read answers through as
what they are, so all of them are caught; its multi-get drops elements, so answers are read here.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from aiohttp import ClientError
from arangoasync.client import ArangoClient
from arangoasync.connection import BasicConnection
from arangoasync.exceptions import ArangoClientError
from arangoasync.http import DefaultHTTPClient
from arangoasync.request import Method, Request
from arangoasync.resolver import RoundRobinHostResolver
from arangoasync.response import Response

from leadflow.adapters.arango_errors import UNAUTHORIZED, error_of
from leadflow.adapters.arango_options import ArangoOptions
from leadflow.adapters.circuit_breaker import CircuitBreaker
from leadflow.ports import Unavailable

T = TypeVar("T")

TOKEN_RENEWAL = 0.5  # share of a token's life after which it is renewed
_BROKEN = (ClientError, ArangoClientError, OSError, TimeoutError)


class _Problem(msgspec.Struct, rename={"number": "errorNum", "message": "errorMessage"}):
    """The body of an error."""

    number: int | None = None
    message: str = ""


class Arango:
    """One database. Every call may raise Unavailable, or StoreRefused where trying again is no use."""

    def __init__(self, options: ArangoOptions, client: ArangoClient, connection: BasicConnection) -> None:
        """Use `open`."""
        self._options = options
        self._client = client
        self._connection = connection
        self._authorization = ""
        self._renew_at = 0.0
        self._breaker = CircuitBreaker("ArangoDB")

    @classmethod
    async def open(cls, options: ArangoOptions) -> "Arango":
        """Make a client; nothing is sent yet. Raises WrongOptions."""
        http = DefaultHTTPClient(ssl_context=options.trust())
        resolver = RoundRobinHostResolver(len(options.hosts), max_tries=len(options.hosts))
        client = ArangoClient(hosts=list(options.hosts), http_client=http, host_resolver=resolver)
        connection = BasicConnection(list(client.sessions), resolver, http, options.database)
        return cls(options, client, connection)

    async def close(self) -> None:
        """End all connections."""
        await self._client.close()

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
        """Send a request and read its answer; an error whose number is `expected` is returned as that number."""
        self._breaker.check()
        request = f"{method.name} {path}"
        try:
            response = await self._in_time(method, path, dict(params or {}), body)
            outcome = read_answer(response, answer, expected, request)
        except Unavailable:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return outcome

    async def _in_time(self, method: Method, path: str, params: dict[str, str], body: bytes | None) -> Response:
        try:
            async with asyncio.timeout(self._options.call_timeout):
                return await self._send(method, path, params, body)
        except _BROKEN as error:
            raise Unavailable(f"ArangoDB, {method.name} {path}: {type(error).__name__} {error}".rstrip()) from None

    async def _send(self, method: Method, path: str, params: dict[str, str], body: bytes | None) -> Response:
        response = await self._request(method, path, params, body)
        if response.status_code == UNAUTHORIZED and self._options.authentication == "token":
            self._authorization = ""  # the server has other secrets now: log in again
            response = await self._request(method, path, params, body)
        return response

    async def _request(self, method: Method, path: str, params: dict[str, str], body: bytes | None) -> Response:
        headers = {"authorization": await self._authorized()}
        return await self._connection.send_request(Request(method, path, headers, params, body))

    async def _authorized(self) -> str:
        """The header of authorization, good for a while."""
        options = self._options
        if options.authentication == "basic":
            return "basic " + base64.b64encode(f"{options.username}:{options.password}".encode()).decode()
        if not self._authorization or time.monotonic() >= self._renew_at:
            token = await self._log_in()
            self._authorization = f"bearer {token}"
            self._renew_at = time.monotonic() + (expiry(token) - time.time()) * TOKEN_RENEWAL
        return self._authorization

    async def _log_in(self) -> str:
        credentials = msgspec.json.encode({"username": self._options.username, "password": self._options.password})
        request = Request(Method.POST, "/_open/auth", data=credentials, prefix_needed=False)
        response = await self._connection.send_request(request)
        if not response.is_success:
            problem = _problem(response)
            raise error_of(response.status_code, problem.number, problem.message, "to log in")
        return str(msgspec.json.decode(response.raw_body)["jwt"])


def expiry(token: str) -> float:
    """When a JSON Web Token ends, in seconds since the epoch; 0 for what is none."""
    try:
        claims = token.split(".")[1]
        return float(msgspec.json.decode(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
    except (IndexError, KeyError, ValueError, msgspec.DecodeError):
        return 0.0


def read_answer(response: Response, answer: type[T], expected: frozenset[int], request: str) -> T | int:
    """What an answer holds, or the number of an error that is expected. Raises Unavailable, StoreRefused."""
    if response.is_success:
        return msgspec.json.decode(response.raw_body, type=answer)
    problem = _problem(response)
    if problem.number in expected:
        return int(problem.number or 0)
    raise error_of(response.status_code, problem.number, problem.message, request)


def _problem(response: Response) -> _Problem:
    try:
        return msgspec.json.decode(response.raw_body, type=_Problem)
    except msgspec.DecodeError:
        return _Problem(message=response.status_text)
