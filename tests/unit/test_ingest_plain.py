"""The short way and the long way make the same record of an event, or refuse it alike."""

import json
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leadflow.contracts.touchpoint import NO_JSON, Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest import events, origin
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.envelope import enclosed, envelopes_for, received_part
from leadflow.pipeline.ingest.events import Taken, shared_by, take_event, take_fully
from leadflow.pipeline.ingest.origin import NO_CONTEXT, read_origin
from leadflow.pipeline.ingest.payload import Payload
from leadflow.pipeline.ingest.plain import Plain, plain_header, read_plain
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig

LIMITS = ObserverSettings(write_keys={}, max_event_bytes=2_000, max_nesting=4)
HASHER = Hasher(b"sixteen bytes or more")
DELIVERY = Delivery(source=SourceConfig("site", "partner"), received_at=1_795_300_000_000, user_agent="Googlebot/2.1")
NAMES = (*(field.encode_name for field in msgspec.structs.fields(Plain)), "unknown")
TEXTS = ("", " ", "a", "x" * 101, "x" * 201, "track", "group", "alias", "page", "action", "2026-11-21T18:33:16.947Z")

KEYS = ("a", "email", "phone", "traits", "userAgent", "library", "name", "device")

values = st.recursive(
    st.sampled_from((*TEXTS, None, True, 0, 7, 1.5, 1_790_000_000_000, 10**30)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
    max_leaves=6,
)
likely = st.fixed_dictionaries(
    {"type": st.sampled_from(("track", "page", "group", "alias")), "userId": st.sampled_from(("u1", "", None))},
    optional={
        "messageId": st.just("m"),
        "anonymousId": st.just("a"),
        "event": st.sampled_from(TEXTS),
        "groupId": st.just("g"),
        "previousId": st.just("p"),
        "name": values,
    },
)
fields = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
paths = st.sampled_from((None, "track", "identify", "group"))


def both_ways(raw: bytes, given_type: TouchpointType | None, context: bytes = NO_CONTEXT) -> Taken | Refusal:
    """Take an event as it comes, alone and as a view into a batch, and as if there were no short way."""
    payload = Payload(events=(), batch=True, write_key=None, sent_at=1_795_299_999, context=context)
    shared = shared_by(payload, given_type, DELIVERY, limits=LIMITS, hasher=HASHER)
    with patch.object(events, "uuid4", return_value=UUID(int=7)):
        outcome = take_event(raw, shared)
        assert outcome == take_fully(raw, shared)
        assert outcome == take_event(msgspec.Raw(raw), shared)
    return outcome


@settings(deadline=None)  # a busy machine is no mistake
@given(likely, fields, paths, st.sampled_from((NO_CONTEXT, b'{"userAgent":"Googlebot","traits":{"email":"x@y.vn"}}')))
@example({"type": "track", "userId": "u", "event": "A"}, {"timestamp": 1e300, "sentAt": "soon"}, None, NO_CONTEXT)
@example({"type": "page", "userId": None}, {"anonymousId": "a", "traits": {"email": 10**30}}, None, NO_CONTEXT)
def test_both_ways_make_the_same_record(
    base: dict[str, Any], more: dict[str, Any], given_type: TouchpointType | None, shared: bytes
) -> None:
    """Whichever way an event goes, and whether its context was seen before: to the last byte."""
    raw = json.dumps({**base, **more}).encode()
    assert both_ways(raw, given_type, shared) == both_ways(raw, given_type, shared)


@settings(deadline=None)  # a busy machine is no mistake
@given(likely, st.integers(0, 200), st.binary(min_size=1, max_size=3), paths)
def test_both_ways_take_the_same_of_broken_bytes(
    base: dict[str, Any], at: int, noise: bytes, given_type: TouchpointType | None
) -> None:
    """Noise anywhere in the text makes no difference between them."""
    text = json.dumps(base).encode()
    both_ways(text[: at % len(text)] + noise + text[at % len(text) :], given_type)


@pytest.mark.parametrize(
    "more",
    [
        b'"unknown":1e400',
        b'"context":{"a":1e400}',
        b'"name":1e400',
        b'"properties":{"a":[1e400]}',
        b'"name":"\xff"',
        b'"context":{"a":"\xff"}',
        b'"unknown":"\xff"',
        b'"context":{"a":{"b":{"c":{"d":1}}}}',
        b'"properties":{"a":{"b":{"c":{"d":1}}}}',
        b'"name":{"a":{"b":{"c":{"d":1}}}}',
        b'"name":"' + b"x" * 2_000 + b'"',
    ],
)
def test_what_a_later_hop_could_not_read_is_refused(more: bytes) -> None:
    """Numbers and text that no decoder takes, too deep and too large ones: the short way lets none of them through."""
    assert isinstance(both_ways(b'{"type":"page","userId":"u","messageId":"m",' + more + b"}", None), Refusal)


@pytest.mark.parametrize("call", ["identify", "track", "page", "screen", "group", "alias"])
def test_what_sdks_send_is_plain(call: TouchpointType) -> None:
    """Otherwise the short way would be of no use."""
    raw = json.dumps({
        "type": call, "event": "A", "name": "home", "groupId": "g", "previousId": "p", "userId": "u",
        "anonymousId": "a", "messageId": "m",
        "properties": {"products": [{"id": 1}]}, "traits": {"address": {"city": "Hue"}},
        "context": {"library": {"name": "x"}, "campaign": {"name": "c"}, "userAgent": "Mozilla"},
        "integrations": {"All": True}, "originalTimestamp": "2026-11-21T18:33:16.947Z", "writeKey": "k",
        "sentAt": "2026-11-21T18:33:17.947Z", "_metadata": {"bundled": []},
    }).encode()  # fmt: skip
    plain = read_plain(raw, 0, LIMITS)
    assert plain is not None
    assert plain_header(plain, None) is not None
    assert isinstance(both_ways(raw, None), Taken)


def test_the_last_of_equal_names_counts_both_ways() -> None:
    """As JSON has it nearly everywhere."""
    taken = both_ways(b'{"type":"page","userId":"first","userId":"last","messageId":"m"}', None)
    assert isinstance(taken, Taken)
    assert taken.emit.key == HASHER.partition_key("user_id", "last")


def test_a_context_that_came_alone_is_read_anew_beside_a_batchs() -> None:
    """What is remembered of it says nothing about what the batch's context adds."""
    own = b'{"locale":"vi-VN"}'
    alone, beside = read_origin(own, NO_CONTEXT), read_origin(own, b'{"library":{"name":"analytics.js"}}')
    assert alone is not None
    assert beside is not None
    assert (alone.channel, beside.channel) == ("server", "web")


def test_a_context_about_a_person_is_not_remembered() -> None:
    """One with traits is read anew each time; any other one that was read lately is at hand."""
    machine, person = b'{"library":{"name":"analytics.js"}}', b'{"traits":{"email":"lan@example.vn"}}'
    assert read_origin(machine, NO_CONTEXT) is read_origin(bytes(bytearray(machine)), NO_CONTEXT)
    assert read_origin(person, NO_CONTEXT) is not read_origin(person, NO_CONTEXT)


def test_memory_of_contexts_has_an_end() -> None:
    """However many different ones come, no more than some are remembered."""
    for number in range(3_000):
        read_origin(b'{"locale":"%d"}' % number, NO_CONTEXT)
    assert len(origin._known) <= 1_024  # its bound is the point


@settings(deadline=None)  # a busy machine is no mistake
@given(
    st.builds(
        Touchpoint,
        message_id=st.text(),
        source=st.text(max_size=8),
        type=st.sampled_from(("track", "page")),
        at=st.integers(-(2**53), 2**53),
        received_at=st.integers(0, 2**53),
        body=st.just(msgspec.Raw(b'{"at":0}')),
        context=st.sampled_from((NO_JSON, msgspec.Raw(b'{"a":1}'))),
        channel=st.sampled_from(("web", "server", "mobile", "import")),
        quality=st.sampled_from((None, "opt_in", "bought")),
        historical=st.booleans(),
        bot=st.booleans(),
    ),
    st.sampled_from((None, "203.0.113.7")),
)
@example(
    Touchpoint(
        message_id="m",
        source='"at":0,"received_at":0,"body":',
        type="page",
        at=0,
        received_at=1,
        body=msgspec.Raw(b"{}"),
    ),
    None,
)
def test_an_envelope_is_written_as_the_touchpoint_is(touchpoint: Touchpoint, ip: str | None) -> None:
    """Joining what is the same for many with what is not gives the bytes that its encoder would."""
    t = touchpoint
    source, context = SourceConfig(t.source, t.quality), bytes(t.context)
    delivery = Delivery(source=source, received_at=t.received_at, historical=t.historical, ip=ip)
    envelope = envelopes_for(delivery, context)[t.type, t.channel, t.bot]
    written = enclosed(bytes(t.body), envelope, t.message_id, t.at, received_part(t.received_at))
    assert written == msgspec.json.encode(replace(t, ip=ip if t.channel == "web" else None))
