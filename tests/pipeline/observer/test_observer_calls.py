"""What SDKs send and what becomes of it."""

import base64
import gzip
import json
from typing import Any

import pytest
from pipeline.observer.world import NOW, World

from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.core.time import DAY, SECOND, from_rfc3339, to_rfc3339
from leadflow_observer.app import handles

TRACK = {"type": "track", "event": "Form Submitted", "userId": "u1", "messageId": "m1"}
CALLS: dict[str, dict[str, Any]] = {
    "identify": {"userId": "u1", "traits": {"email": "lan@example.vn"}},
    "track": {"userId": "u1", "event": "Signed Up"},
    "page": {"anonymousId": "a1", "name": "Home"},
    "screen": {"anonymousId": "a1"},
    "group": {"userId": "u1", "groupId": "g1"},
    "alias": {"userId": "u1", "previousId": "a1"},
}
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("path", ["/v1/{call}", "/v1/{call}/", "/v1/{short}"])
async def test_every_call_has_its_path(world: World, call: str, path: str) -> None:
    """Long, short and with a slash at the end; success is exactly 200 and this body."""
    answer = await world.post(path.format(call=call, short=call[0]), CALLS[call])
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert (await world.only()).type == call


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/batch/", "/beacon/v1/batch", "/v1/import"])
async def test_a_batch_is_one_append_of_all_its_events(world: World, path: str) -> None:
    """Acknowledged once: everything of a request is written in one step."""
    batch = [{"type": call, "messageId": call, **fields} for call, fields in CALLS.items()]
    answer = await world.post(path, {"batch": batch})
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert [touchpoint.message_id for touchpoint in await world.touchpoints()] == sorted(CALLS)
    assert len(world.log.appends) == 1


async def test_the_bytes_are_forwarded_as_they_came(world: World) -> None:
    """What nobody here understands is there for whoever does."""
    body = b'{ "event":"A", "userId" : 7, "unknown": [1.50, {"x": "\\u0111"}] }'
    await world.post("/v1/track", body)
    assert bytes((await world.only()).body) == body


async def test_a_message_id_is_made_where_none_came(world: World) -> None:
    """Each gets its own, and the record is named by it."""
    await world.post("/v1/batch", {"batch": [{**TRACK, "messageId": None}] * 2})
    first, second = await world.touchpoints()
    assert len(first.message_id) == 36
    assert first.message_id != second.message_id
    emit = world.log.appends[0][0]
    assert emit.topic == TOUCHPOINTS
    assert emit.id in {f"site:{first.message_id}", f"site:{second.message_id}"}


@pytest.mark.parametrize(
    ("sent", "age"),
    [
        ({"sentAt": 10, "timestamp": 4}, 6 * SECOND),
        ({"sentAt": 10, "originalTimestamp": 4, "timestamp": 9}, 6 * SECOND),
        ({"timestamp": -3600}, 3600 * SECOND),
        ({"timestamp": 3600}, 0),
        ({}, 0),
        ({"sentAt": 10}, 0),
    ],
)
async def test_the_clock_of_the_client_is_set_right(world: World, sent: dict[str, int], age: int) -> None:
    """Seconds from now by the client's clock; sentAt on the event."""
    times = {name: to_rfc3339(NOW + seconds * SECOND) for name, seconds in sent.items()}
    await world.post("/v1/track", {**TRACK, **times})
    touchpoint = await world.only()
    assert (touchpoint.received_at, touchpoint.at) == (NOW, NOW - age)


async def test_the_events_time_of_sending_wins_over_the_batchs_and_the_headers(world: World) -> None:
    """Event, batch, SentAt header."""
    event = {**TRACK, "timestamp": to_rfc3339(NOW - 60 * SECOND)}
    own = {**event, "messageId": "own", "sentAt": to_rfc3339(NOW - 50 * SECOND)}
    header = {"SentAt": to_rfc3339(NOW - 30 * SECOND)}
    await world.post(
        "/v1/batch",
        {"batch": [own, {**event, "messageId": "theirs"}], "sentAt": to_rfc3339(NOW - 40 * SECOND)},
        headers=header,
    )
    await world.post("/v1/track", {**event, "messageId": "with header"}, headers=header)
    ages = {touchpoint.message_id: (NOW - touchpoint.at) // SECOND for touchpoint in await world.touchpoints()}
    assert ages == {"own": 10, "theirs": 20, "with header": 30}


async def test_an_import_is_history(world: World) -> None:
    """It keeps its own time and says what it is; a lone event is taken as well as a batch."""
    past = to_rfc3339(NOW - 400 * DAY)
    await world.post("/v1/import", {"batch": [{**TRACK, "timestamp": past}]})
    await world.post("/v1/import", {**TRACK, "messageId": "m2", "timestamp": past})
    for touchpoint in await world.touchpoints():
        assert (touchpoint.historical, touchpoint.channel) == (True, "import")
        assert touchpoint.at == from_rfc3339(past)


async def test_the_context_of_a_batch_travels_with_each_event(world: World) -> None:
    """Beside the event's own, under which it is merged by whoever reads it."""
    await world.post(
        "/v1/batch", {"batch": [TRACK], "context": {"library": {"name": "analytics.js"}, "userAgent": GOOGLE}}
    )
    touchpoint = await world.only()
    assert json.loads(bytes(touchpoint.context))["library"] == {"name": "analytics.js"}
    assert (touchpoint.channel, touchpoint.bot) == ("web", True)


@pytest.mark.parametrize("context", ["text", 7, [], None, {}])
async def test_a_useless_context_of_a_batch_costs_no_event(world: World, context: Any) -> None:
    """It is left out."""
    answer = await world.post("/v1/batch", {"batch": [TRACK], "context": context})
    assert answer.status_code == 200
    assert bytes((await world.only()).context) == b"null"


async def test_rudderstacks_headers_fill_what_the_body_lacks(world: World) -> None:
    """AnonymousId is written into events that have none, whatever they say instead."""
    headers = {"AnonymousId": base64.b64encode("từ-header".encode()).decode()}
    events = [
        {"type": "page", "messageId": "1"},
        {"type": "page", "messageId": "2", "anonymousId": None},
        {"type": "page", "messageId": "3", "anonymousId": "own"},
    ]
    await world.post("/v1/batch", {"batch": events}, headers=headers)
    await world.post("/v1/page", b" {} ", headers=headers)
    found = [json.loads(bytes(touchpoint.body))["anonymousId"] for touchpoint in await world.touchpoints()]
    assert sorted(found) == ["own", *["từ-header"] * 3]
    assert {touchpoint.channel for touchpoint in await world.touchpoints()} == {"web"}


@pytest.mark.parametrize(
    "header", ["***", base64.b64encode(b"\xff\xfe").decode(), "", base64.b64encode(b"x" * 300).decode()]
)
async def test_an_unreadable_anonymous_id_is_absent(world: World, header: str) -> None:
    """Then the event needs an id of its own."""
    answer = await world.post("/v1/page", {}, headers={"AnonymousId": header})
    assert answer.json()["code"] == "missing_identity"


async def test_the_source_brings_its_quality(world: World) -> None:
    """The write key's name and, where configured, its quality."""
    await world.post("/v1/track", TRACK, auth=("k2", ""))
    touchpoint = await world.only()
    assert (touchpoint.source, touchpoint.quality) == ("partner-feed", "partner")


@pytest.mark.parametrize(
    "place",
    [
        {"auth": ("k2", "")},
        {"headers": {"X-Write-Key": "k2"}},
        {"params": {"writeKey": "k2"}},
        {"body": {"writeKey": "k2"}},
        {"body": {"api_key": "k2"}},
        {"auth": ("k2", ""), "body": {"writeKey": "k1"}},
        {"body": {"writeKey": "k2"}, "params": {"writeKey": "k1"}},
        {"params": {"writeKey": "k2"}, "headers": {"X-Write-Key": "k1"}},
    ],
)
@pytest.mark.parametrize("batch", [True, False])
async def test_the_write_key_is_found_in_every_place(world: World, place: dict[str, Any], *, batch: bool) -> None:
    """Basic user, body, query, header, in this order."""
    body = {**({"batch": [TRACK]} if batch else TRACK), **place.get("body", {})}
    more = {"auth": None, **{name: value for name, value in place.items() if name != "body"}}
    answer = await world.post("/v1/batch" if batch else "/v1/track", body, **more)
    assert answer.status_code == 200
    assert (await world.only()).source == "partner-feed"


@pytest.mark.parametrize(
    "more", [{"auth": None}, {"auth": ("no", "")}, {"auth": None, "params": {"writeKey": "no"}}, {"auth": ("", "k1")}]
)
async def test_without_a_known_key_nothing_is_taken(world: World, more: dict[str, Any]) -> None:
    """401 with a code; no browser is asked for a password."""
    answer = await world.post("/v1/track", TRACK, **more)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_write_key")
    assert "www-authenticate" not in answer.headers
    assert world.log.appends == []


@pytest.mark.parametrize(
    "label",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Encoding": "identity"},
        {"Content-Type": "application/octet-stream", "Content-Encoding": "br"},
        {},
    ],
)
@pytest.mark.parametrize("pack", [gzip.compress, bytes])
async def test_labels_do_not_matter(world: World, label: dict[str, str], pack: Any) -> None:
    """Packed or not is seen from the bytes, whatever the headers say."""
    answer = await world.post("/v1/batch", pack(json.dumps({"batch": [TRACK]}).encode()), headers=label)
    assert answer.status_code == 200
    assert (await world.only()).message_id == "m1"


async def test_the_address_is_kept_only_if_it_may_be(make_world: type[World]) -> None:
    """Web events only, behind a proxy by its header, never unless settings say so."""
    web = {"Origin": "https://shop.vn", "X-Forwarded-For": "198.51.100.7, 10.0.0.1"}
    for settings, headers, expected in (
        ({}, web, None),
        ({"store_ip": True}, {}, None),
        ({"store_ip": True}, web, "203.0.113.9"),
        ({"store_ip": True, "trust_proxy": True}, web, "198.51.100.7"),
        ({"store_ip": True, "trust_proxy": True}, {**web, "X-Forwarded-For": "unknown"}, None),
        ({"store_ip": True, "trust_proxy": True}, {"Origin": "https://shop.vn"}, "203.0.113.9"),
    ):
        world = make_world(**settings)
        await world.post("/v1/track", TRACK, headers=headers)
        assert (await world.only()).ip == expected, (settings, headers)


async def test_crawlers_are_marked_and_servers_are_not(world: World) -> None:
    """By the browsing agent, or by the client of a web request."""
    for name, context, headers in (
        ("crawler", {"userAgent": GOOGLE}, {}),
        ("crawler on the web", {}, {"User-Agent": GOOGLE, "Origin": "https://shop.vn"}),
        ("server", {}, {"User-Agent": "python-requests/2.32.5"}),
        ("server for a shop", {}, {"User-Agent": "python-requests/2.32.5", "Origin": "https://shop.vn"}),
    ):
        await world.post("/v1/track", {**TRACK, "messageId": name, "context": context}, headers=headers)
    assert {touchpoint.message_id: touchpoint.bot for touchpoint in await world.touchpoints()} == {
        "crawler": True,
        "crawler on the web": True,
        "server": False,
        "server for a shop": False,
    }


def pixel(event: dict[str, Any]) -> str:
    """An event as it goes into the address of a picture."""
    return base64.urlsafe_b64encode(json.dumps(event).encode()).decode()


async def test_a_pixel_is_a_touchpoint(world: World) -> None:
    """base64url or base64, padded or not, with a plus sign that became a space; the answer is never cached."""
    event = {**TRACK, "event": "Email Opened >>>>>?????", "writeKey": "k1"}
    plain = base64.b64encode(json.dumps(event).encode()).decode()
    assert "+" in plain
    assert "/" in plain
    for number, data in enumerate((pixel(event), pixel(event).rstrip("="), plain, plain.replace("+", " "))):
        params = {"data": data}
        answer = await world.http.get("/v1/pixel.gif", params=params)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/gif"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.content.startswith(b"GIF89a")
        assert len(await world.touchpoints()) == number + 1
    assert {touchpoint.channel for touchpoint in await world.touchpoints()} == {"web"}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"writeKey": "k1", "data": pixel({"type": "track", "userId": "u1"})}, "missing_event"),
        ({"writeKey": "k1", "data": "%%%"}, "malformed_json"),
        ({"writeKey": "k1"}, "malformed_json"),
        ({"writeKey": "k1", "data": base64.b64encode(b'{"a":"' + b"x" * 40_000).decode()}, "event_too_large"),
        ({"writeKey": "no", "data": pixel(TRACK)}, None),
        ({"data": "%%%"}, None),
    ],
)
async def test_a_bad_pixel_is_a_picture_all_the_same(world: World, params: dict[str, str], code: str | None) -> None:
    """Where it is known whose it is, it goes to `rejected` with its reason."""
    answer = await world.http.get("/v1/pixel.gif", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert await world.touchpoints() == []
    assert [rejected.code for rejected in await world.rejected()] == ([code] if code else [])


@pytest.mark.parametrize("origin", ["https://shop.vn", "null", "http://localhost:3000"])
async def test_browsers_may_send_and_read_every_answer(world: World, origin: str) -> None:
    """Preflight and the CORS headers on success and on every refusal."""
    headers = {"Origin": origin}
    preflight = await world.http.options("/v1/track", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert "content-length" not in preflight.headers
    allowed = preflight.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "anonymousid", "sentat", "x-retry-count", "x-write-key"} <= set(allowed)
    assert int(preflight.headers["access-control-max-age"]) > 0
    assert "POST" in preflight.headers["access-control-allow-methods"]
    answers = [
        preflight,
        await world.post("/v1/track", TRACK, headers=headers),
        await world.post("/v1/track", {}, headers=headers),
        await world.post("/v1/track", TRACK, headers=headers, auth=("no", "")),
        await world.post("/v1/nothing", TRACK, headers=headers),
        await world.http.get("/v1/track", headers=headers),
        await world.http.get("/v1/pixel.gif", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [204, 200, 400, 401, 404, 405, 200]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == origin
        assert "retry-after" in answer.headers["access-control-expose-headers"].lower()
        assert "origin" in answer.headers["vary"].lower()


async def test_servers_are_told_nothing_about_origins(world: World) -> None:
    """Without an Origin header there are no CORS headers."""
    answer = await world.post("/v1/track", TRACK)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_a_wrong_method_is_refused(world: World, method: str) -> None:
    """405 that says what is allowed."""
    answer = await world.http.request(method, "/v1/batch")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert (await world.http.request(method, "/v1/pixel.gif")).status_code == (200 if method == "GET" else 405)


async def test_unknown_paths_are_not_its_own(world: World) -> None:
    """404 as JSON, and `handles` tells beforehand."""
    for path in ("/", "/v1", "/v1/batch2", "/api/v1/leads", "/healthz", "/v1/merge"):
        answer = await world.post(path, TRACK)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert not handles(path)
    assert all(handles(path) for path in ("/v1/batch", "/v1/t/", "/v1/pixel.gif", "/beacon/v1/batch", "/v1/import"))


async def test_an_empty_batch_is_a_success(world: World) -> None:
    """SDKs flush without anything to say; nothing is written."""
    assert (await world.post("/v1/batch", {"batch": []})).status_code == 200
    assert world.log.appends == []
