"""One bad thing harms itself alone: whatever is sent, the answer is clear and a good request beside it succeeds."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline.observer.world import World

GOOD = {"type": "track", "event": "A", "userId": "u1", "messageId": "good"}
MB = 1 << 20


async def beside(world: World) -> None:
    """A good request goes through."""
    assert (await world.post("/v1/track", {**GOOD, "messageId": "beside"})).status_code == 200
    assert "beside" in {touchpoint.message_id for touchpoint in await world.touchpoints()}


def event(**fields: Any) -> bytes:
    """One more event, as JSON."""
    return json.dumps({**GOOD, "messageId": "bad", **fields}).encode()


BAD_EVENTS = {
    "no object": (b"7", "invalid_event"),
    "null": (b"null", "invalid_event"),
    "a list": (b"[]", "invalid_event"),
    "no type": (b'{"userId":"u1"}', "missing_type"),
    "an action": (event(type="action"), "invalid_type"),
    "nobody": (event(userId=None), "missing_identity"),
    "40 KB": (event(properties={"x": "x" * 40_000}), "event_too_large"),
    "300 KB": (event(properties={"x": '"' * 150_000}), "event_too_large"),
    "1e400": (b'{"type":"track","event":"A","userId":"u1","x":1e400}', "malformed_json"),
    "5001 digits": (b'{"type":"track","event":"A","userId":"u1","x":' + b"9" * 5001 + b"}", "malformed_json"),
    "broken text": (b'{"type":"track","event":"A","userId":"\xff\xfe"}', "malformed_json"),
    "100 levels": (event(x=0).replace(b'"x": 0', b'"x":' + b"[" * 100 + b"]" * 100), "nested_too_deeply"),
    "a long id": (event(messageId="m" * 101), "message_id_too_long"),
    "properties of text": (event(properties="x"), "invalid_properties"),
}


@pytest.mark.parametrize("name", BAD_EVENTS)
async def test_a_bad_event_costs_its_batch_nothing(world: World, name: str) -> None:
    """200, the rest is accepted, and the bad one is kept in `rejected` with code, reason and bytes."""
    bad, code = BAD_EVENTS[name]
    answer = await world.post("/v1/batch", b'{"batch":[' + bad + b"," + json.dumps(GOOD).encode() + b"]}")
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert (await world.only()).message_id == "good"
    (rejected,) = await world.rejected()
    assert (rejected.code, rejected.hop, rejected.source) == (code, "observer", "site")
    assert rejected.reason
    assert rejected.body.encode()[:20] == bad.decode(errors="replace").encode()[:20]
    assert len(world.log.appends) == 1


@pytest.mark.parametrize("name", BAD_EVENTS)
async def test_a_bad_lone_event_is_refused_and_leaves_nothing(world: World, name: str) -> None:
    """4xx with code and message; nothing is stored."""
    bad, code = BAD_EVENTS[name]
    path = "/v1/import" if code == "missing_type" or name == "an action" else "/v1/track"
    answer = await world.post(path, bad)
    body = answer.json()
    if name not in {"no object", "null", "a list"}:
        assert body["code"] == code
    assert answer.status_code == (413 if code == "event_too_large" else 400)
    assert body["message"]
    assert world.log.appends == []
    await beside(world)


async def test_a_rejected_event_keeps_its_name(world: World) -> None:
    """Its message id leads the way from the receipt to the reason."""
    await world.post("/v1/batch", b'{"batch":[' + event(properties=1) + b"]}")
    (rejected,) = await world.rejected()
    assert rejected.message_id == "bad"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b'{"batch":[}', "malformed_json"),
        (b'{"batch":[{]}', "malformed_json"),
        (b"\xff\xfe\x00", "malformed_json"),
        (b'{"batch":[]} more', "malformed_json"),
        (b'{"a":NaN,"batch":[]}', "malformed_json"),
        (b"event=A&userId=u1", "malformed_json"),
        (b"\x1f\x8b not gzip", "malformed_gzip"),
        (gzip.compress(b'{"batch":[]}', mtime=0)[:-4], "malformed_gzip"),
        (b"{}", "invalid_batch"),
        (b"[]", "invalid_batch"),
        (b'{"batch":{}}', "invalid_batch"),
        (b'{"batch":null}', "invalid_batch"),
        (b"[" * 200_000 + b"]" * 200_000, "invalid_batch"),
        (b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b',"batch":[]}', "nested_too_deeply"),
        (b'{"writeKey":' + b"[" * 200_000 + b"]" * 200_000 + b',"batch":[]}', "nested_too_deeply"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused(world: World, body: bytes, code: str) -> None:
    """400 with a code; malformed JSON names the position."""
    answer = await world.post("/v1/batch", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    if code == "malformed_json":
        assert "byte" in answer.json()["message"]
    await beside(world)


async def test_text_that_no_store_can_hold_is_mended(world: World) -> None:
    """NUL and half an emoji become U+FFFD: the event is worth more than the character."""
    body = (
        rb'{"batch":[{"type":"track","event":"A\u0000","userId":"u\ud83d","messageId":"m","x":"\ude00\ud83d\ude00"}]}'
    )
    assert (await world.post("/v1/batch", body)).status_code == 200
    read = json.loads(bytes((await world.only()).body))
    assert (read["event"], read["userId"], read["x"]) == ("A\ufffd", "u\ufffd", "\ufffd\U0001f600")


async def test_of_equal_names_the_last_wins(world: World) -> None:
    """In the event and in the batch."""
    twice = b'{"type":"page","type":"track","event":"A","event":"B","userId":"u1","messageId":"m1","messageId":"m2"}'
    await world.post("/v1/batch", b'{"batch":[7],"batch":[' + twice + b"]}")
    touchpoint = await world.only()
    assert (touchpoint.type, touchpoint.message_id) == ("track", "m2")
    assert await world.rejected() == []


async def test_the_limits_hold_to_the_byte(world: World) -> None:
    """32 KB an event, 500 KB a batch: that much passes, one byte more does not."""
    limits = world.settings

    def padded(size: int, head: bytes, tail: bytes) -> bytes:
        return head + b"x" * (size - len(head) - len(tail)) + tail

    lone = b'{"event":"A","userId":"u1","x":"', b'"}'
    assert (await world.post("/v1/track", padded(limits.max_event_bytes, *lone))).status_code == 200
    refused = await world.post("/v1/track", padded(limits.max_event_bytes + 1, *lone))
    assert (refused.status_code, refused.json()["code"]) == (413, "event_too_large")
    batch = b'{"batch":[],"x":"', b'"}'
    for pack in (bytes, gzip.compress):
        assert (await world.post("/v1/batch", pack(padded(limits.max_batch_bytes, *batch)))).status_code == 200
        refused = await world.post("/v1/batch", pack(padded(limits.max_batch_bytes + 1, *batch)))
        assert (refused.status_code, refused.json()["code"]) == (413, "batch_too_large")
        refused = await world.post("/v1/import", pack(padded(limits.max_batch_bytes + 1, *batch)))
        assert (refused.status_code, refused.json()["code"]) == (413, "batch_too_large")


async def test_a_bomb_goes_off_in_bounded_memory(world: World) -> None:
    """300 MB in 300 KB: 413 for the room of a batch."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(bytes(MB)) for _ in range(300)]) + packer.flush()
    tracemalloc.start()
    answer = await world.post("/v1/batch", bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    assert peak < 4 * MB
    await beside(world)


async def test_what_is_too_long_is_not_read_on(world: World) -> None:
    """A body announced as 10 MB is refused unread; one that is not announced, at the limit."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 10 * MB:
            read += 65_536
            yield bytes(65_536)

    tracemalloc.start()
    answer = await world.http.post("/v1/batch", content=endless(), auth=("k1", ""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 413
    assert read < MB
    assert peak < 4 * MB
    read = 0
    answer = await world.http.post(
        "/v1/batch", content=endless(), auth=("k1", ""), headers={"Content-Length": str(10 * MB)}
    )
    assert (answer.status_code, read) == (413, 0)
    await beside(world)


async def test_a_shared_context_cannot_be_blown_up(world: World) -> None:
    """A large context times many events is a bomb of another kind."""
    events = [{"type": "page", "userId": "u1"}] * 8000
    tracemalloc.start()
    answer = await world.post("/v1/batch", {"batch": events, "context": {"x": "x" * 30_000}})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    assert peak < 16 * MB


async def test_a_context_above_the_limit_of_an_event_is_each_events_own_fault(world: World) -> None:
    """An event answers for what it carries."""
    answer = await world.post("/v1/batch", {"batch": [GOOD], "context": {"x": "x" * 33_000}})
    assert answer.status_code == 200
    assert [rejected.code for rejected in await world.rejected()] == ["event_too_large"]


async def test_a_hundred_thousand_nothings_are_too_many(world: World) -> None:
    """Each would become a record of its own."""
    answer = await world.post("/v1/batch", b'{"batch":[' + b"0," * 100_000 + b"0]}")
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    await beside(world)


async def test_a_large_batch_lets_others_pass(world: World) -> None:
    """While thousands of events are read, a small request is answered."""
    large = world.post("/v1/batch", {"batch": [{**GOOD, "messageId": str(n)} for n in range(5000)]})
    small = world.post("/v1/track", {**GOOD, "messageId": "small"})
    done, _ = await asyncio.wait([asyncio.create_task(large), asyncio.create_task(small)])
    assert [answer.result().status_code for answer in done] == [200, 200]
    assert world.log.appends[0][0].id == "site:small"


async def test_a_client_that_leaves_early_leaves_nothing(world: World) -> None:
    """No answer, no event, no room taken."""
    messages = [{"type": "http.request", "body": b'{"batch":[', "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/batch",
        "headers": [(b"x-write-key", b"k1")],
        "query_string": b"",
        "client": None,
    }
    await world.app(scope, receive, send)
    assert sent == []
    assert world.log.appends == []
    await beside(world)


async def test_a_body_that_never_ends_is_given_up(make_world: type[World]) -> None:
    """408 after the time for it; its place is free again."""
    world = make_world(body_timeout=0.01, max_in_flight=1)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        answer = await world.http.post("/v1/batch", content=stuck(), auth=("k1", ""))
    assert (answer.status_code, answer.json()["code"]) == (408, "body_timeout")
    await beside(world)


PATHS = st.sampled_from(["/v1/track", "/v1/identify", "/v1/alias", "/v1/batch", "/v1/import", "/beacon/v1/batch"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "context", "traits", "properties"]
)
EVENTS = st.dictionaries(NAMES, VALUES | st.sampled_from(["track", "identify", "u1"])) | VALUES
BODIES = (
    st.binary(max_size=200)
    | st.binary(max_size=100).map(gzip.compress)
    | st.builds(lambda events: json.dumps({"batch": events}).encode(), st.lists(EVENTS, max_size=5))
    | EVENTS.map(lambda value: json.dumps(value).encode())
)
HEADERS = st.dictionaries(
    st.sampled_from(["anonymousid", "sentat", "origin", "user-agent", "content-type", "authorization", "x-write-key"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
)


@settings(max_examples=200, deadline=None)
@given(path=PATHS, body=BODIES, headers=HEADERS)
async def test_no_bytes_bring_the_observer_down(path: str, body: bytes, headers: dict[str, str]) -> None:
    """Never an exception, never a 5xx; a 200 means that every event is in one of the two topics, readable by all."""
    world = World()
    sent = await world.http.post(path, content=body, headers={"x-write-key": "k1", **headers})
    assert sent.status_code in {200, 400, 401, 413}
    if sent.status_code != 200:
        assert set(sent.json()) == {"code", "message"}
        assert await world.touchpoints() == []
        return
    for touchpoint in await world.touchpoints():
        assert isinstance(json.loads(bytes(touchpoint.body)), dict)
        assert isinstance(msgspec.json.decode(touchpoint.body), dict)
        assert touchpoint.at <= touchpoint.received_at


@settings(max_examples=100, deadline=None)
@given(query=st.binary(max_size=100))
async def test_no_address_brings_the_pixel_down(query: bytes) -> None:
    """Whatever stands behind the question mark: a picture."""
    world = World()
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/v1/pixel.gif",
        "headers": [],
        "query_string": query,
        "client": None,
    }
    await world.app(scope, receive, send)
    assert sent[0]["status"] == 200
