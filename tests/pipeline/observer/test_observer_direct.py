"""A request that is taken directly cannot be told from one that is served by ASGI: not on the wire, not in the log."""

import asyncio
import base64
import gzip
import json
import random
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pipeline.observer.world import PromptLog, World
from serving import SECONDS, running

from leadflow import metrics
from leadflow.cli.heads import Heads
from leadflow.cli.serve import Server
from leadflow.ports import Overloaded, Unavailable
from leadflow.runtime.direct import withheld

TRACK = b'{"type":"track","event":"A","userId":"u1","messageId":"m1"}'
KEY = b"authorization: Basic " + base64.b64encode(b"k1:") + b"\r\n"
LAST = b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
COUNTED = (metrics.OBSERVER_REQUESTS, metrics.OBSERVER_REJECTED, metrics.OBSERVER_EVENTS, metrics.OBSERVER_BYTES)

Packets = Sequence[bytes]


def post(body: bytes = TRACK, more: bytes = KEY, path: bytes = b"/v1/track", length: bytes | None = None) -> bytes:
    """Write a request."""
    size = b"content-length: %d\r\n" % len(body) if length is None else length
    return b"POST %s HTTP/1.1\r\nhost: x\r\n%s%s\r\n%s" % (path, more, size, body)


def event(**fields: Any) -> bytes:
    """Write an event."""
    return json.dumps({"type": "track", "event": "A", "userId": "u1", "messageId": "m1", **fields}).encode()


DIRECT = {
    "plain": post(),
    "alias of the path": post(path=b"/v1/t"),
    "behind a prefix": post(path=b"/collect/v1/track/"),
    "a key in the body": post(event(writeKey="k2"), b""),
    "a key in a header": post(more=b"X-Write-Key: k2\r\n"),
    "no key": post(more=b""),
    "an unknown key in the body": post(event(writeKey="k3"), b""),
    "from a browser": post(more=KEY + b"Origin: https://example.vn\r\nuser-agent: curl/8\r\n"),
    "from a crawler": post(event(context={"userAgent": "Googlebot/2.1"})),
    "refused, from a browser": post(b"7", KEY + b"origin: https://example.vn\r\n"),
    "no JSON": post(b"{"),
    "no event": post(event(event=None)),
    "an unknown field": post(event(more=1)),
    "gzip, told by its bytes": post(gzip.compress(TRACK, mtime=0)),
    "broken gzip": post(gzip.compress(TRACK, mtime=0)[:-1]),
    "half an emoji": post(TRACK.replace(b'"A"', b'"\\ud83d"')),
    "another type than the path's": post(event(type="page")),
}
BY_ASGI: dict[str, Packets] = {
    "split in its head": [post()[:40], post()[40:]],
    "split in its body": [post()[:-5], post()[-5:]],
    "with the beginning of the next": [post() + post()[:30], post()[30:]],
    "both at once": [post() + post(event(messageId="m2"))],
    "and a wrong one behind it": [post(b"{") + post()],
    "a wrong key": [post(more=b"authorization: Basic azM6\r\n")],
    "a batch": [post(b'{"batch":[%s]}' % TRACK, path=b"/v1/batch")],
    "an import": [post(path=b"/v1/import")],
    "too large": [post(event(properties={"a": "x" * 40_000}))],
    "more announced than is taken": [post(length=b"content-length: 99999999\r\n")],
    "an absurd length": [post(length=b"content-length: %d\r\n" % 10**30)],
    "two lengths": [post(length=b"content-length: 59\r\ncontent-length: 59\r\n")],
    "no length": [post(b"", length=b"")],
    "no body": [post(b"")],
    "chunked": [post(b"3b\r\n" + TRACK + b"\r\n0\r\n\r\n", length=b"transfer-encoding: chunked\r\n")],
    "packed, said so": [post(gzip.compress(TRACK, mtime=0), KEY + b"content-encoding: gzip\r\n")],
    "expecting a word first": [post(more=KEY + b"expect: 100-continue\r\n")],
    "an upgrade": [post(more=KEY + b"connection: upgrade\r\nupgrade: websocket\r\n")],
    "the last one": [post(more=KEY + b"connection: close\r\n")],
    "HTTP/1.0": [post().replace(b"HTTP/1.1", b"HTTP/1.0")],
    "HEAD": [post(b"").replace(b"POST", b"HEAD")],
    "GET": [b"GET /v1/track HTTP/1.1\r\nhost: x\r\n\r\n"],
    "OPTIONS": [b"OPTIONS /v1/track HTTP/1.1\r\nhost: x\r\norigin: https://example.vn\r\n\r\n"],
    "the key in the address": [post(more=b"", path=b"/v1/track?writeKey=k2")],
    "a name of its own for the anonymous": [post(more=KEY + b"anonymousid: YW5vbg==\r\n")],
    "its own time of sending": [post(more=KEY + b"sentat: 2026-11-21T18:33:10Z\r\n")],
    "an escaped path": [post(path=b"/v1/%74rack")],
    "a path of nobody": [post(path=b"/v2/track")],
    "a path of ours behind one of nobody": [post(path=b"/v2/track?to=/v1/track")],
    "a request in the body of one that was refused": [post(length=b"content-length: 99999999\r\n"), post()],
    "an origin as no browser sends it": [post(more=KEY + b"origin: https://a b\r\n")],
    "a head too long to be remembered": [post(more=KEY + b"x-more: %s\r\n" % (b"x" * 3_000))],
    "no HTTP": [b"hello\r\n\r\n"],
    "a header folded": [post(more=KEY + b"x-more: a\r\n b\r\n")],
    "line feeds alone": [post().replace(b"\r\n", b"\n")],
}


SEVERAL = {
    "with the beginning of the next": 2,
    "both at once": 2,
    "and a wrong one behind it": 2,
    "expecting a word first": 2,
}
# What comes behind these is their body.
ENDLESS = {"more announced than is taken", "a request in the body of one that was refused"}


class Way:
    """An observer behind a server: what it says and what it does."""

    server: Server
    port: int

    def __init__(self, world: World, log: PromptLog) -> None:
        self.world = world
        self.log = log
        self.asgi = 0  # requests that went by ASGI

    async def outcome(self, packets: Packets, answers: int = 1, *, endless: bool = False) -> Any:
        """Send packets over one connection, and say what came back, what was written and what was counted."""
        before = counts()
        said = await self.talk(packets, answers, endless=endless)
        written = [emits[:] for emits in self.log.appends]
        self.log.appends.clear()
        return said, written, [after - then for after, then in zip(counts(), before, strict=True)]

    async def talk(self, packets: Packets, answers: int = 1, *, endless: bool = False) -> bytes:
        """Send packets, and when there are so many answers one request that is the last, if it can be seen as one."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        said = b""
        async with asyncio.timeout(SECONDS):
            for packet in packets:
                writer.write(packet)
                if packet == post():  # whole: its answer ends with a brace
                    said += await reader.readuntil(b"}")
                for _ in range(5):
                    await asyncio.sleep(0)  # the server shares this loop: it may see the packet by itself
            while said.count(b"HTTP/1.1 ") < answers and (more := await reader.read(65536)):
                said += more
            writer.write(b"" if endless else LAST)
            while not (endless and said.endswith(b"}")) and (more := await reader.read(65536)):
                said += more
            writer.close()
        return re.sub(rb"date: [^\r]+ GMT", b"date: then", said)


def counts() -> list[Any]:
    """What the metrics count, by all labels."""
    return [sum(sample.value for family in each.collect() for sample in family.samples) for each in COUNTED]


@asynccontextmanager
async def serving(folder: Path, *, direct: bool, **settings: Any) -> AsyncIterator[Way]:
    """Serve an observer, with or without the direct way; the first request has shown the server that there is one."""
    log = PromptLog()
    world = World(log, **settings)
    way = Way(world, log)

    def site(scope: Any, receive: Any, send: Any) -> Any:
        way.asgi += 1
        return world.app(scope if direct else withheld(scope), receive, send)

    async with running(site, folder) as (server, port):
        way.port, way.server = port, server
        await way.outcome([post()])
        yield way
    assert world.app._admission.inside == 0


@asynccontextmanager
async def both(folder: Path, **settings: Any) -> AsyncIterator[tuple[Way, Way]]:
    """The direct way and that of ASGI."""
    async with serving(folder, direct=True, **settings) as one, serving(folder, direct=False, **settings) as other:
        yield one, other


@pytest.fixture
async def ways(tmp_path: Path) -> AsyncIterator[tuple[Way, Way]]:
    """Both, as shipped."""
    async with both(tmp_path) as ways:
        yield ways


async def test_what_is_taken_directly_cannot_be_told_apart(ways: tuple[Way, Way]) -> None:
    """The same bytes, records and counts, and nothing of it went by ASGI."""
    direct, by_asgi = ways
    for name, request in DIRECT.items():
        wanted = await by_asgi.outcome([request])
        direct.asgi = 0
        assert await direct.outcome([request]) == wanted, name
        assert direct.asgi == 1, name  # the last one
        two = [request, post(event(messageId="behind"))]
        assert await direct.outcome(two, 2) == await by_asgi.outcome(two, 2), name


async def test_whatever_is_odd_is_served_as_ever(ways: tuple[Way, Way]) -> None:
    """The same bytes, records and counts, also behind a request that was taken directly."""
    direct, by_asgi = ways
    for name, packets in BY_ASGI.items():
        answers, endless = SEVERAL.get(name, 1), name in ENDLESS
        wanted = await by_asgi.outcome(packets, answers, endless=endless)
        direct.log.enlisted = 0
        assert await direct.outcome(packets, answers, endless=endless) == wanted, name
        assert direct.log.enlisted == 0, name
        wanted = await by_asgi.outcome([post(), *packets], answers + 1, endless=endless)
        assert await direct.outcome([post(), *packets], answers + 1, endless=endless) == wanted, name
        assert direct.log.enlisted == 1, name


async def test_it_does_not_matter_where_a_stream_is_cut(ways: tuple[Way, Way]) -> None:
    """Requests of both ways, cut anywhere into packets and sent without waiting: each is answered in its turn."""
    direct, by_asgi = ways
    dice = random.Random(7)  # noqa: S311  # a test's
    for _ in range(40):
        requests = [
            dice.choice((post(event(messageId=f"m{number}")), post(b"{"), post(path=b"/v1/track?a=b")))
            for number in range(dice.randint(1, 5))
        ]
        stream = b"".join(requests)
        cuts = sorted(dice.choice((len(requests[0]), dice.randrange(len(stream)))) for _ in range(dice.randint(0, 4)))
        packets = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        wanted = await by_asgi.outcome(packets, len(requests))
        assert await direct.outcome(packets, len(requests)) == wanted, packets
    assert direct.log.enlisted > 0


@pytest.mark.parametrize(
    "fault", [Unavailable("full", 2.5), Overloaded("waits", 0.2), RuntimeError("with lan@example.vn in its text"), None]
)
async def test_a_log_that_fails_is_told_of_alike(ways: tuple[Way, Way], fault: Exception | None) -> None:
    """503 with its code and Retry-After; afterwards it goes on."""
    direct, by_asgi = ways
    for each in ways:
        each.log.fault = fault
    wanted = await by_asgi.outcome([post()])
    assert (b"HTTP/1.1 503" in wanted[0]) == (fault is not None)
    assert await direct.outcome([post()]) == wanted
    assert direct.log.enlisted == 1
    for each in ways:
        each.log.fault = None
    assert await direct.outcome([post()]) == await by_asgi.outcome([post()])


async def test_what_the_log_refuses_at_once_is_told_alike(ways: tuple[Way, Way], monkeypatch: Any) -> None:
    """Before anything waits: too much waits already, or a record that cannot be written."""
    direct, by_asgi = ways
    for fault in (Overloaded("waits", 0.2), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "broken")):

        def refuse(*_: Any, fault: Exception = fault) -> None:
            raise fault

        monkeypatch.setattr(direct.world.app._prepare.__self__._ingest, "_enlist", refuse)
        by_asgi.log.fault = fault
        wanted = await by_asgi.outcome([post()])
        said, _, counted = await direct.outcome([post()])
        assert (said, counted) == (wanted[0], wanted[2])
        assert b"HTTP/1.1 503" in said


@pytest.mark.parametrize(
    "settings", [{"max_in_flight": 0}, {"max_in_flight_bytes": 10}, {"rate_limit": 0.1}, {"store_ip": True}]
)
async def test_limits_are_kept_alike(tmp_path: Path, settings: dict[str, Any]) -> None:
    """Room, rates and what may be stored of a sender."""
    async with both(tmp_path, **settings) as (direct, by_asgi):
        for name, request in DIRECT.items():
            assert await direct.outcome([request]) == await by_asgi.outcome([request]), name


async def test_a_pipeline_that_is_behind_takes_no_more_either_way(ways: tuple[Way, Way]) -> None:
    """503 and when to come again."""
    direct, by_asgi = ways
    for each in ways:
        each.world.backlog.records = 1_000
    wanted = await by_asgi.outcome([post()])
    assert b"retry-after: 5" in wanted[0]
    assert await direct.outcome([post()]) == wanted


async def test_a_hanging_log_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """503 after the time for an acknowledgement, and what the log says later is not heard."""
    async with both(tmp_path, ack_timeout=0.02) as (direct, by_asgi):
        for each in (direct, by_asgi):
            each.log.hangs = True
        wanted = await by_asgi.outcome([post(), post()], 2)
        assert wanted[0].count(b"ack_timeout") == 2
        assert await direct.outcome([post(), post()], 2) == wanted
        direct.log.release.set()
        direct.log.hangs = False
        assert b"HTTP/1.1 200" in await direct.talk([post()])


async def until(true: Callable[[], bool]) -> None:
    """Let the server, which shares this loop, go on until something is so."""
    while not true():  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(0)


@asynccontextmanager
async def waiting(way: Way) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Let a request wait for the log."""
    way.log.hangs = True
    reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    writer.write(post())
    before = way.log.enlisted
    async with asyncio.timeout(SECONDS):
        await until(lambda: way.log.enlisted > before)
        yield reader, writer
    writer.close()


async def test_a_stop_waits_for_what_was_taken(tmp_path: Path) -> None:
    """The answer comes when the log has confirmed, says that it is the last one, and ends the connection."""
    async with serving(tmp_path, direct=True) as way, waiting(way) as (reader, _):
        way.server.ask_to_stop()
        await until(lambda: all(connection._is_last for connection in way.server.server_state.connections))
        way.log.release.set()
        said = await reader.read()
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n\r\n" in said


async def test_a_client_that_leaves_costs_nobody_anything(tmp_path: Path) -> None:
    """Its event is durable, its answer is dropped, its room is given back."""
    async with serving(tmp_path, direct=True) as way:
        async with waiting(way) as (_, writer):
            writer.transport.abort()
            (connection,) = way.server.server_state.connections
            await until(lambda: not way.server.server_state.connections)
            way.log.release.set()
            await until(lambda: way.world.app._admission.inside == 0)
            assert connection.timeout_keep_alive_task is None  # nothing of it is left
        way.log.hangs = False
        assert b"HTTP/1.1 200" in await way.talk([post()])
        assert len(await way.world.touchpoints()) == 3


async def test_what_comes_while_a_request_waits_is_served_behind_it(tmp_path: Path) -> None:
    """In their order, one taken directly, one by ASGI; the socket is not read meanwhile."""
    async with serving(tmp_path, direct=True) as way, waiting(way) as (reader, writer):
        (connection,) = way.server.server_state.connections
        for packet in (post(b"{"), post(path=b"/v1/track?a=b"), LAST):
            writer.write(packet)
        await until(lambda: connection.flow.read_paused)
        way.log.release.set()
        said = await reader.read()
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"400", b"200", b"404"]


def test_who_has_closed_takes_no_offer() -> None:
    """Not even the first one."""
    heads = Heads()
    heads.offer(lambda _path, _headers: lambda _body, _reply: None)
    assert heads.find(post(b"x")[:-1]) is not None
    heads.close()
    heads.offer(lambda _path, _headers: lambda _body, _reply: None)
    assert heads.find(post(b"x")[:-1]) is None


async def test_a_closing_entrance_sees_every_request(tmp_path: Path) -> None:
    """From then on nothing goes past it, whatever is offered."""
    async with serving(tmp_path, direct=True) as way:
        way.server.show_all_requests()
        assert b"HTTP/1.1 200" in await way.talk([post(), post()], 2)
        assert way.log.enlisted == 0


async def test_an_idle_connection_is_closed_and_a_waiting_one_is_not(tmp_path: Path) -> None:
    """Time counts from the last answer."""
    async with serving(tmp_path, direct=True) as way:
        way.server.config.timeout_keep_alive = 0.02  # type: ignore[assignment]  # seconds
        async with waiting(way) as (reader, writer):
            way.log.release.set()
            assert b"HTTP/1.1 200" in await reader.readuntil(b"true}")
            way.log.release.clear()
            writer.write(post())
            (connection,) = way.server.server_state.connections
            armed = connection.timeout_keep_alive_task
            await until(lambda: connection.timeout_keep_alive_task is not armed)
            way.log.release.set()
            assert b"HTTP/1.1 200" in await reader.readuntil(b"true}")
            assert await reader.read() == b""
