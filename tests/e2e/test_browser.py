"""Requests as browsers and unusual SDKs make them, by hand: what no published package runs here without a browser."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from e2e.api import Api, Json, instant
from e2e.server import WEB

ORIGIN = "https://shop.example"


def _basic(api: Api, event: Json) -> httpx.Response:
    headers = {"Content-Type": "text/plain", "Origin": ORIGIN}
    return api.http.post(f"/v1/{event['type'][0]}", content=json.dumps(event), auth=(WEB, ""), headers=headers)


def _in_body(api: Api, event: Json) -> httpx.Response:
    body = json.dumps({**event, "writeKey": WEB})
    return api.http.post("/v1/track/", content=body, headers={"Content-Type": "text/plain", "Origin": ORIGIN})


def _short_batch(api: Api, event: Json) -> httpx.Response:
    sent_at = datetime.now(UTC).isoformat()
    body = json.dumps({"batch": [event], "sentAt": sent_at, "writeKey": WEB})
    return api.http.post("/v1/b", content=body, headers={"Content-Type": "text/plain", "Origin": ORIGIN})


def _beacon(api: Api, event: Json) -> httpx.Response:
    body = json.dumps({"batch": [event]})
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": ORIGIN}
    return api.http.post("/beacon/v1/batch", params={"writeKey": WEB}, content=body, headers=headers)


def _key_header(api: Api, event: Json) -> httpx.Response:
    return api.http.post("/v1/track", json=event, headers={"X-Write-Key": WEB, "Origin": ORIGIN})


def _mislabelled(api: Api, event: Json) -> httpx.Response:
    """As rudder-sdk-node does: gzip, and a label that says otherwise."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip", "Origin": ORIGIN}
    body = gzip.compress(json.dumps({"batch": [event]}).encode())
    return api.http.post("/v1/batch", content=body, auth=(WEB, ""), headers=headers)


@pytest.mark.parametrize("send", [_basic, _in_body, _short_batch, _beacon, _key_header, _mislabelled])
def test_every_way_arrives(send: Callable[[Api, Json], httpx.Response], api: Api, unique: Callable[[str], str]) -> None:
    """However a browser labels its body and wherever it puts the key: success, and the event is in the timeline."""
    message_id, device = unique("message"), unique("device")
    at = datetime.now(UTC) - timedelta(minutes=5)
    event = {"type": "track", "anonymousId": device, "event": "Product Viewed", "properties": {"sku": "a-1"}}
    answer = send(api, {**event, "messageId": message_id, "timestamp": at.isoformat()})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    [receipt] = api.scored([message_id])
    assert receipt["profile_id"] == api.profile_id(anonymous_id=device)
    [item] = api.timeline(receipt["profile_id"])
    assert (item["name"], item["properties"], item["source"]["name"]) == ("Product Viewed", {"sku": "a-1"}, "web")
    assert abs(instant(item["at"]) - at) < timedelta(seconds=2)


def test_headers_fill_in(api: Api, unique: Callable[[str], str]) -> None:
    """RudderStack's browser SDK sends the visitor and the moment of sending as headers."""
    message_id, device, now = unique("message"), unique("device"), datetime.now(UTC)
    slow = timedelta(hours=2)  # the client's clock is two hours late
    headers = {
        "AnonymousId": base64.b64encode(device.encode()).decode(),
        "SentAt": (now - slow).isoformat(),
        "Origin": ORIGIN,
    }
    original = (now - slow - timedelta(minutes=1)).isoformat()
    event = {"type": "page", "name": "Home", "userId": unique("user"), "originalTimestamp": original}
    api.send({**event, "messageId": message_id}, **headers)
    [receipt] = api.scored([message_id])
    assert receipt["profile_id"] == api.profile_id(anonymous_id=device)
    [item] = api.timeline(receipt["profile_id"])
    assert abs(instant(item["at"]) - (now - timedelta(minutes=1))) < timedelta(seconds=2)


def test_pixel(api: Api, unique: Callable[[str], str]) -> None:
    """A picture in a mail brings its event in the address and gets a picture."""
    message_id, device = unique("message"), unique("device")
    event = {"type": "track", "event": "Email Opened", "anonymousId": device, "messageId": message_id}
    data = base64.urlsafe_b64encode(json.dumps({**event, "writeKey": WEB}).encode()).decode()
    answer = api.http.get("/v1/pixel.gif", params={"data": data})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF8")
    api.scored([message_id])


def test_preflight(api: Api) -> None:
    """A browser may ask first, and hears that it may send what the SDKs send."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,anonymousid,sentat,x-retry-count,x-write-key",
    }
    answer = api.http.options("/v1/batch", headers=asked)
    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(asked["Access-Control-Request-Headers"].split(",")) <= allowed
    assert int(answer.headers["access-control-max-age"]) > 0


@pytest.mark.parametrize(
    ("body", "key", "status", "code"),
    [
        (b'{"type":"track"', WEB, 400, "malformed_json"),
        (b'{"type":"track","event":"E","anonymousId":"a"}', "no-such-key", 401, "invalid_write_key"),
        (b'{"type":"track","event":"' + b"x" * 40_000 + b'","anonymousId":"a"}', WEB, 413, None),
    ],
)
def test_refusals_speak_to_sdks(api: Api, body: bytes, key: str, status: int, code: str | None) -> None:
    """Each refusal carries the `code` and `message` without which some SDKs retry for ever."""
    answer = api.http.post("/v1/track", content=body, auth=(key, ""))
    assert answer.status_code == status
    said = answer.json()
    assert said["message"]
    assert said["code"] == code if code else said["code"]
