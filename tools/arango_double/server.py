"""The double as an HTTP server: `async with running() as server`. One request at a time changes anything."""

import asyncio
import json
import re
import secrets
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web
from tools.arango_double import collections_api, documents, errors, queries
from tools.arango_double.accounts import Accounts
from tools.arango_double.database import Database
from tools.arango_double.errors import ArangoError
from tools.arango_double.request import Answer, Call, result
from tools.arango_double.troubles import Troubles

Handler = Callable[[Call], Answer]
SYSTEM = "_system"
LARGEST_BODY = 512 * 1024 * 1024
VERSION = "3.12.5"

_PLACE = re.compile(r"(?:/_db/(?P<database>[^/]+))?(?P<path>/.*)")
_DOCUMENT = r"/_api/document/(?P<collection>[^/]+)"
_COLLECTION = r"/_api/collection/(?P<collection>[^/]+)"
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", _DOCUMENT, documents.insert),
    ("PATCH", _DOCUMENT, documents.update),
    ("PUT", _DOCUMENT, lambda call: documents.read_many(call) if call.flag("onlyget") else documents.replace(call)),
    ("DELETE", _DOCUMENT, documents.remove),
    ("GET|HEAD", _DOCUMENT + r"/(?P<key>[^/]+)", documents.read),
    ("PATCH", _DOCUMENT + r"/(?P<key>[^/]+)", documents.update),
    ("PUT", _DOCUMENT + r"/(?P<key>[^/]+)", documents.replace),
    ("DELETE", _DOCUMENT + r"/(?P<key>[^/]+)", documents.remove),
    ("POST", r"/_api/import", documents.import_lines),
    ("GET", r"/_api/collection", collections_api.listed),
    ("POST", r"/_api/collection", collections_api.create),
    ("DELETE", _COLLECTION, collections_api.drop),
    ("GET", _COLLECTION, collections_api.about),
    ("GET", _COLLECTION + r"/(?P<what>\w+)", collections_api.about),
    ("PUT", _COLLECTION + r"/(?P<what>\w+)", collections_api.change),
    ("GET", r"/_api/index", collections_api.indexes),
    ("POST", r"/_api/index", collections_api.add_index),
    ("GET", r"/_api/index/(?P<collection>[^/]+)/(?P<index>[^/]+)", collections_api.one_index),
    ("DELETE", r"/_api/index/(?P<collection>[^/]+)/(?P<index>[^/]+)", collections_api.drop_index),
    ("POST", r"/_api/cursor", queries.open_cursor),
    ("POST|PUT", r"/_api/cursor/(?P<id>[^/]+)", queries.next_batch),
    ("DELETE", r"/_api/cursor/(?P<id>[^/]+)", queries.close_cursor),
    ("POST", r"/_api/explain", queries.explain),
    ("POST", r"/_api/query", queries.validate),
    ("POST", r"/_api/transaction/begin", queries.begin),
    ("GET", r"/_api/transaction", queries.transactions),
    ("GET", r"/_api/transaction/(?P<id>[^/]+)", queries.status),
    ("PUT", r"/_api/transaction/(?P<id>[^/]+)", queries.commit),
    ("DELETE", r"/_api/transaction/(?P<id>[^/]+)", queries.abort),
    ("GET", r"/_api/version", lambda _: Answer(200, {"server": "arango", "version": VERSION, "license": "community"})),
    ("GET", r"/_admin/server/availability", lambda _: Answer(200, {"mode": "default"})),
    ("GET", r"/_api/tasks", lambda _: Answer(200, [])),
)
_COMPILED = [(frozenset(methods.split("|")), re.compile(path), handler) for methods, path, handler in ROUTES]


@dataclass(slots=True)
class Server:
    """Databases, accounts and what is made to go wrong; `requests` counts (method, route) as they come."""

    accounts: Accounts
    troubles: Troubles = field(default_factory=Troubles)
    databases: dict[str, Database] = field(default_factory=lambda: {SYSTEM: Database(SYSTEM)})
    requests: Counter[str] = field(default_factory=Counter)
    logins: int = 0
    data_servers: int = 0  # 0: a single server; else the servers of a cluster that this is a coordinator of
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    # --- what is answered

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], raw: bytes
    ) -> Answer:
        """The answer to a request; errors are answers too."""
        try:
            return self._route(method, path, query, headers, raw)
        except ArangoError as error:
            return Answer(error.status, error.body())

    def _route(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], raw: bytes
    ) -> Answer:
        place = _PLACE.fullmatch(path)
        if place is None:
            raise ArangoError(errors.NOT_FOUND)
        name, rest = unquote(place["database"] or SYSTEM), place["path"]
        if (method, rest) == ("POST", "/_open/auth"):
            given = json.loads(raw)
            self.logins += 1
            return Answer(200, {"jwt": self.accounts.log_in(given["username"], given["password"])})
        self.accounts.check(headers.get("Authorization", ""), name)
        database = self.databases.get(name)
        if database is None:
            raise ArangoError(errors.NO_DATABASE)
        about_server = self._administer(method, rest, name, raw) or self._topology(rest)
        if about_server is not None:
            return about_server
        for methods, pattern, handler in _COMPILED:
            match = pattern.fullmatch(rest) if method in methods else None
            if match is not None:
                self.requests[f"{method} {_template(pattern)}"] += 1
                parts = {key: unquote(value) for key, value in match.groupdict().items() if value is not None}
                return handler(Call(self._seen(database, headers), parts, query, headers, raw))
        raise ArangoError(errors.NOT_FOUND)

    def _seen(self, database: Database, headers: Mapping[str, str]) -> Database:
        """The database as a request's transaction sees it."""
        number = headers.get("x-arango-trx-id")
        return database if number is None else database.transaction(number).copy

    def _administer(self, method: str, path: str, name: str, raw: bytes) -> Answer | None:
        """Databases and users; None for any other request."""
        kind, _, which = path.removeprefix("/_api/").partition("/")
        if kind == "database":
            return self._databases(method, which, name, raw)
        if kind == "user":
            return self._users(method, which, raw)
        return None

    def _topology(self, path: str) -> Answer | None:
        """What kind of server this is; None for any other request."""
        if path == "/_admin/server/role":
            return Answer(200, {"error": False, "code": 200, "role": "COORDINATOR" if self.data_servers else "SINGLE"})
        if path == "/_admin/cluster/health":
            servers = {f"PRMR-{number}": {"Role": "DBServer", "Status": "GOOD"} for number in range(self.data_servers)}
            return Answer(200, {"error": False, "code": 200, "Health": {"CRDN-0": {"Role": "Coordinator"}, **servers}})
        return None

    def _databases(self, method: str, which: str, name: str, raw: bytes) -> Answer:
        if (method, which) == ("GET", "current"):
            return result({"id": "1", "name": name, "isSystem": name == SYSTEM, **self.databases[name].properties})
        if name != SYSTEM:
            raise ArangoError(errors.USE_SYSTEM_DATABASE)
        if method == "GET":
            return result(sorted(self.databases))
        if method == "POST":
            given = json.loads(raw)
            if given["name"] in self.databases:
                raise ArangoError(errors.DUPLICATE_NAME)
            self.databases[given["name"]] = Database(given["name"], given.get("options") or {})
            for user in given.get("users") or ():
                self.accounts.passwords[user["username"]] = user.get("passwd", "")
                self.accounts.permitted.setdefault(user["username"], set()).add(given["name"])
            return result(value=True, status=201)
        if self.databases.pop(unquote(which), None) is None:
            raise ArangoError(errors.NO_DATABASE)
        return result(value=True)

    def _users(self, method: str, which: str, raw: bytes) -> Answer:
        if method == "GET":
            return result([{"user": user, "active": True, "extra": {}} for user in self.accounts.passwords])
        if method == "POST":
            given = json.loads(raw)
            if given["user"] in self.accounts.passwords:
                raise ArangoError(errors.DUPLICATE_USER)
            self.accounts.passwords[given["user"]] = given.get("passwd", "")
            return Answer(201, {"user": given["user"], "active": True, "extra": {}})
        if self.accounts.passwords.pop(unquote(which), None) is None:
            raise ArangoError(errors.NO_USER)
        return Answer(202, {"error": False, "code": 202})

    # --- how it is served

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, unless trouble strikes."""
        raw, troubles = await request.read(), self.troubles
        if request.path == "/_double/troubles":
            troubles.become(json.loads(raw))
            return _response(Answer(200, {}))
        if troubles.latency:
            await asyncio.sleep(troubles.latency)
        if troubles.strike(troubles.reset):
            return _cut(request)
        if troubles.strike(troubles.unavailable):
            return _response(Answer(503, ArangoError(errors.UNAVAILABLE).body(), {"Retry-After": "1"}))
        body = self._with_conflicts(request, raw)
        answer = self.answer(request.method, request.rel_url.raw_path, request.query, request.headers, body[0])
        answer = _with_refused(answer, body[1])
        if troubles.strike(troubles.lost):
            return _cut(request)
        if troubles.strike(troubles.torn):
            return await _torn(request, answer)
        if troubles.strike(troubles.stalled):
            await asyncio.Event().wait()  # until the client gives up
        return _response(answer)

    def _with_conflicts(self, request: web.Request, raw: bytes) -> tuple[bytes, frozenset[int]]:
        """A batch of writes without those that meet a conflict, and their places."""
        writes = request.method in {"POST", "PUT", "PATCH"} and "/_api/document/" in request.path
        if not writes or not self.troubles.conflict or "onlyget" in request.query or not raw.startswith(b"["):
            return raw, frozenset()
        given = json.loads(raw)
        refused = frozenset(place for place in range(len(given)) if self.troubles.strike(self.troubles.conflict))
        return json.dumps([item for place, item in enumerate(given) if place not in refused]).encode(), refused


def _with_refused(answer: Answer, refused: frozenset[int]) -> Answer:
    """The answer to a batch with a conflict in each place that met one."""
    if not refused or not isinstance(answer.body, list):
        return answer
    done = iter(answer.body)
    count = len(answer.body) + len(refused)
    conflict = ArangoError(errors.CONFLICT, "precondition failed - Write-Write conflict").element()
    body = [conflict if place in refused else next(done) for place in range(count)]
    return Answer(answer.status, body, answer.headers)


def _template(pattern: re.Pattern[str]) -> str:
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern.pattern)


async def _torn(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send half of an answer and end the connection."""
    whole = json.dumps(answer.body).encode()
    response = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(whole))})
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    return _cut(request)


def _cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _response(answer: Answer) -> web.Response:
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    headers = {**answer.headers, "Content-Type": "application/json; charset=utf-8", "Server": "ArangoDB"}
    return web.Response(status=answer.status, body=body, headers=headers)


@asynccontextmanager
async def running(
    accounts: Accounts, *, port: int = 0, troubles: Troubles | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server on the loopback, on a free port unless one is named; with `tls` it speaks https."""
    server = Server(accounts, troubles or Troubles())
    accounts.secret = accounts.secret or secrets.token_hex(16)
    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()
