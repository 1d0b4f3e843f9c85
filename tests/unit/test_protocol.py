"""An answer that goes out whole is the same on the wire as one by messages; what is not ordinary is left alone."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from serving import SECONDS as _SECONDS
from serving import running

from leadflow.core.trace_context import TraceContext
from leadflow.ports import Span
from leadflow.runtime import direct
from leadflow.runtime.direct import Prepare
from leadflow.runtime.health import Asgi
from leadflow.runtime.traced_requests import TracedApp
from leadflow.runtime.whole_answer import EXTENSION, offered

_BODY = b'{"success":true}'
_TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_POST = b"POST /%s HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n%s\r\n{}"


class Site:
    """Answers whole; under `/messages` by messages, under `/gone` only once the client has gone.

    Remembers whether its answers went out whole.
    """

    def __init__(self) -> None:
        self.whole: list[bool] = []
        self.answered = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""
        await receive()
        while scope["path"] == "/gone" and (await receive())["type"] != "http.disconnect":
            pass
        self.answered.set()
        direct.offer(scope, lambda _path, _headers: None)
        write = offered(scope)
        if write is not None and scope["path"] != "/messages":
            self.whole.append(write(200, b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)))
            if self.whole[-1]:
                return
        headers = [(b"content-length", b"%d" % len(_BODY))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})


@asynccontextmanager
async def serving(site: Asgi, folder: Path) -> AsyncIterator[int]:
    """Serve on a free port."""
    async with running(site, folder) as (_, port):
        yield port


@pytest.fixture
async def site() -> Site:
    """The application."""
    return Site()


@pytest.fixture
async def port(site: Site, tmp_path: Path) -> AsyncIterator[int]:
    """Its port."""
    async with serving(site, tmp_path) as port:
        yield port


async def talk(port: int, *requests: bytes, answers: int) -> bytes:
    """Send requests over one connection, and read so many answers; b"" stands where it was closed behind them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(_SECONDS):
        said = b""
        for request in requests:
            writer.write(request)
        while said.count(_BODY) < answers and (more := await reader.read(65536)):
            said += more
        writer.close()
        await writer.wait_closed()
    return re.sub(rb"date: [^\r]+ GMT", b"date: then", said)


async def test_whole_or_by_messages_it_is_the_same_on_the_wire(site: Site, port: int) -> None:
    """Status line, the server's date, headers and body: no client can tell the two apart."""
    whole = await talk(port, _POST % (b"whole", b""), answers=1)
    assert site.whole == [True]
    assert whole == await talk(port, _POST % (b"messages", b""), answers=1)
    assert b"date: then" in whole


async def test_a_connection_goes_on_after_a_whole_answer(site: Site, port: int) -> None:
    """The next request of the same connection is served; requests that came at once are answered in their order."""
    said = await talk(port, *[_POST % (path, b"") for path in (b"whole", b"messages", b"whole")], answers=3)
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert len(site.whole) == 2


async def test_the_last_answer_of_a_connection_is_left_to_the_server(site: Site, port: int) -> None:
    """Who asks to close hears `connection: close`, and the connection is closed."""
    said = await talk(port, _POST % (b"whole", b"connection: close\r\n"), answers=2)
    assert site.whole == [False]
    assert b"connection: close\r\n" in said


async def test_nothing_is_written_for_a_client_that_has_gone(site: Site, port: int) -> None:
    """Its answer is refused, as the server would drop it."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_POST % (b"gone", b""))
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(_SECONDS):
        await site.answered.wait()
    assert site.whole == [False]


async def test_an_answer_of_a_traced_request_can_be_seen(site: Site) -> None:
    """Who watches the messages, to know the status, is not passed by; what is not traced still goes out whole.

    But none goes past it: whether a request is traced has to be decided for each.
    """
    written: list[bytes] = []

    class Tracer:
        """Traces what its sender traces."""

        def begin(self, parent: TraceContext | None) -> TraceContext | None:
            """Go on as asked."""
            return parent

        def finish(self, span: Span) -> None:
            """Nothing was written to a log: it is not called."""

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(_message: Any) -> None:
        pass

    def write(_status: int, rest: bytes) -> bool:
        written.append(rest)
        return True

    def offer(_prepare: Prepare) -> None:
        raise AssertionError("requests would go past the tracer")

    extensions = {EXTENSION: {"write": write}, direct.EXTENSION: {"offer": offer}}
    scope = {"type": "http", "method": "POST", "path": "/whole", "extensions": extensions}
    app = TracedApp(site, "test", Tracer())
    await app({**scope, "headers": [(b"traceparent", _TRACE)]}, receive, send)
    assert not written
    await app({**scope, "headers": []}, receive, send)
    assert len(written) == 1


async def test_an_application_that_hands_the_awaitable_of_another_on_is_served(site: Site, tmp_path: Path) -> None:
    """It is no coroutine function: the server must not take it for an application of ASGI's second version."""

    def handing(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        return site(scope, receive, send)

    async with serving(handing, tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_POST % (b"", b""))
        assert (await asyncio.wait_for(reader.readline(), _SECONDS)).startswith(b"HTTP/1.1 200")
        writer.close()
