"""Where an event came from: key, channel, crawler, partition."""

import base64
import json
from typing import Any

import pytest

from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import Channel
from leadflow.pipeline.ingest.crawlers import is_bot, is_bot_client
from leadflow.pipeline.ingest.header import Header, read_header
from leadflow.pipeline.ingest.origin import NO_CONTEXT, channel_of, context_over, origin_of, sent_by_crawler
from leadflow.pipeline.ingest.partition import partition_key
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import SourceConfig
from leadflow.pipeline.ingest.write_key import KeyPlaces, basic_user, source_of

SITE = SourceConfig("site")
KEYS = {"k1": SITE, "k2": SourceConfig("other")}
HASHER = Hasher(b"sixteen bytes or more")
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("places", "name"),
    [
        (KeyPlaces(basic="k1", body="k2", query="k2", header="k2"), "site"),
        (KeyPlaces(body="k1", query="k2", header="k2"), "site"),
        (KeyPlaces(query="k1", header="k2"), "site"),
        (KeyPlaces(header=" k1 "), "site"),
        (KeyPlaces(basic=" ", body={"a": 1}, query="k1"), "site"),
    ],
)
def test_the_strongest_place_names_the_source(places: KeyPlaces, name: str) -> None:
    """Basic user, body, query, header; blank and other things than text are absent."""
    assert source_of(places, KEYS) == next(source for source in KEYS.values() if source.name == name)


@pytest.mark.parametrize("places", [KeyPlaces(), KeyPlaces(basic="no", body="k1"), KeyPlaces(body="")])
def test_an_unknown_key_opens_nothing(places: KeyPlaces) -> None:
    """A wrong key in a stronger place is not rescued by a right one in a weaker place."""
    refusal = source_of(places, KEYS)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (401, "invalid_write_key")
    assert "k1" not in refusal.message


def test_the_basic_user_is_read_leniently() -> None:
    """With or without a password; what is no Basic authentication is absent."""
    encoded = base64.b64encode(b"k1:secret").decode()
    assert basic_user(f"Basic {encoded}") == "k1"
    assert basic_user(f"basic  {base64.b64encode(b'k1').decode()}") == "k1"
    for text in ("", "Basic", "Basic ***", "Bearer k1", "Basic /////w==", "Basic Og==", "Basic IDp4"):
        assert basic_user(text) is None, text


@pytest.mark.parametrize(
    ("context", "channel"),
    [
        ({}, "server"),
        ({"library": {"name": "analytics-python"}}, "server"),
        ({"library": {"name": "@segment/analytics-node"}}, "server"),
        ({"library": {"name": "analytics.js"}}, "web"),
        ({"library": {"name": "RudderLabs JavaScript SDK"}}, "web"),
        ({"library": {"name": "analytics-ios"}, "device": {"id": "d"}}, "mobile"),
        ({"library": {"name": "analytics-kotlin"}, "os": {"name": "Android"}}, "mobile"),
        ({"library": {"name": "analytics-ios"}}, "server"),
        ({"library": "analytics.js", "device": 3}, "server"),
    ],
)
def test_the_channel_shows_in_the_library(context: dict[str, Any], channel: Channel) -> None:
    """Browsers and apps on a device, else servers; the batch's context says what the event's own does not."""
    shared = json.dumps(context).encode()
    assert channel_of(context_over(context, NO_CONTEXT)) == channel
    assert channel_of(context_over({}, shared)) == channel
    assert channel_of(context_over(dict.fromkeys(context), shared)) == channel


def test_crawlers_are_known_by_name() -> None:
    """A browser is none, whatever its length."""
    assert is_bot(GOOGLE)
    assert not is_bot(CHROME)
    assert not is_bot("x" * 10_000)


def test_a_servers_library_is_no_crawler() -> None:
    """What delivers for people is not what browses."""
    for library in (
        "python-requests/2.32",
        "analytics-python/2.4.0",
        "curl/8.5",
        "node",
        "okhttp/4",
        "python-httpx/0.28",
    ):
        assert not is_bot_client(library), library
    assert is_bot_client(GOOGLE)


def test_the_browsing_agent_is_judged_before_the_http_client() -> None:
    """context.userAgent says who browsed; the HTTP client counts for web events only."""
    assert not sent_by_crawler("server", origin_of({}), GOOGLE)
    assert sent_by_crawler("web", origin_of({}), GOOGLE)
    assert not sent_by_crawler("web", origin_of({"userAgent": CHROME}), GOOGLE)
    shared = json.dumps({"userAgent": GOOGLE}).encode()
    assert sent_by_crawler("server", origin_of(context_over({}, shared)), None)


def key(**fields: Any) -> str:
    """The partition key of a page call with these fields."""
    header = read_header({"type": "page", **fields}, None, None)
    assert isinstance(header, Header)
    return partition_key(header, origin_of(fields.get("context", {})), HASHER)


def test_what_one_person_sends_goes_one_way() -> None:
    """The strongest identifier decides: user id, e-mail, phone, anonymous id."""
    assert key(userId=" u1", anonymousId="a1") == key(userId="u1", anonymousId="a2", traits={"email": "x@y.vn"})
    mail = key(anonymousId="a1", traits={"email": " Lan@Example.vn"})
    assert mail == key(anonymousId="a2", context={"traits": {"email": "lan@example.vn", "phone": "1"}})
    assert key(anonymousId="a1", traits={"phone": "0901"}) == key(
        anonymousId="a2", traits={"phone": "0901 ", "email": ""}
    )
    assert key(anonymousId="a1") != key(anonymousId="a2")


def test_the_key_tells_nothing() -> None:
    """It is a keyed hash: another secret gives another key."""
    header = read_header({"type": "page", "userId": "u1"}, None, None)
    assert isinstance(header, Header)
    other = partition_key(header, origin_of({}), Hasher(b"another secret of mine"))
    assert other != key(userId="u1")
    assert "u1" not in other
