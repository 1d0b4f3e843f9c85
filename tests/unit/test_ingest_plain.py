"""The short way and the long way end in the same header."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.events import read_fields
from leadflow.pipeline.ingest.header import Header, read_header
from leadflow.pipeline.ingest.plain import Plain, plain_header, read_plain
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import ObserverSettings

LIMITS = ObserverSettings(write_keys={}, max_event_bytes=2_000, max_nesting=4)
NAMES = (*(field.encode_name for field in msgspec.structs.fields(Plain)), "unknown")
TEXTS = ("", " ", "a", "x" * 101, "x" * 201, "track", "group", "alias", "page", "action", "2026-11-21T18:33:16.947Z")

values = st.recursive(
    st.sampled_from((*TEXTS, None, True, 0, 7, 1.5, 1_790_000_000_000, 10**30)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("a", "b")), inner, max_size=2),
    max_leaves=6,
)
likely = st.fixed_dictionaries(
    {"type": st.sampled_from(("track", "page", "group", "alias")), "userId": st.sampled_from(("u1", "", None))},
    optional={"event": st.sampled_from(TEXTS), "groupId": st.just("g"), "previousId": st.just("p"), "name": values},
)
fields = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
paths = st.sampled_from((None, "track", "identify", "group"))


def long_way(raw: bytes, given_type: TouchpointType | None) -> Header | Refusal:
    """Read an event as if there were no short way."""
    found = read_fields(raw, 0, LIMITS)
    return found if isinstance(found, Refusal) else read_header(found, given_type, None)


def short_way(raw: bytes, given_type: TouchpointType | None) -> Header | None:
    """Read an event the short way, if it goes."""
    plain = read_plain(raw, 0, LIMITS)
    return None if plain is None else plain_header(plain, given_type)


@given(likely, fields, paths)
@example({"type": "track", "userId": "u", "event": "A"}, {"timestamp": 1e300, "sentAt": "soon"}, None)
def test_both_ways_read_the_same(base: dict[str, Any], more: dict[str, Any], given_type: TouchpointType | None) -> None:
    """Whatever the short way takes, the long one reads alike; it takes nothing that the long one refuses."""
    raw = json.dumps({**base, **more}).encode()
    header = short_way(raw, given_type)
    assert header is None or header == long_way(raw, given_type)


@given(likely, st.integers(0, 200), st.binary(min_size=1, max_size=3), paths)
def test_both_ways_read_the_same_of_broken_bytes(
    base: dict[str, Any], at: int, noise: bytes, given_type: TouchpointType | None
) -> None:
    """Noise anywhere in the text makes no difference between them."""
    text = json.dumps(base).encode()
    raw = text[: at % len(text)] + noise + text[at % len(text) :]
    header = short_way(raw, given_type)
    assert header is None or header == long_way(raw, given_type)


@pytest.mark.parametrize(
    "more",
    [
        b'"unknown":1e400',
        b'"context":{"a":1e400}',
        b'"name":1e400',
        b'"name":"\xff"',
        b'"unknown":"\xff"',
        b'"context":{"a":{"b":{"c":{"d":1}}}}',
        b'"name":"' + b"x" * 2_000 + b'"',
    ],
)
def test_what_a_later_hop_could_not_read_is_no_plain_event(more: bytes) -> None:
    """Numbers and text that no decoder takes, too deep and too large ones are left to the long way, which refuses."""
    raw = b'{"type":"page","userId":"u",' + more + b"}"
    assert read_plain(raw, 0, LIMITS) is None
    assert isinstance(long_way(raw, None), Refusal)


@pytest.mark.parametrize("call", ["identify", "track", "page", "screen", "group", "alias"])
def test_what_sdks_send_is_plain(call: TouchpointType) -> None:
    """Otherwise the short way would be of no use."""
    raw = json.dumps({
        "type": call, "event": "A", "name": "home", "groupId": "g", "previousId": "p", "userId": "u",
        "anonymousId": "a", "messageId": "m",
        "properties": {"a": [1]}, "traits": {}, "context": {"library": {"name": "x"}},
        "integrations": {"All": True}, "originalTimestamp": "2026-11-21T18:33:16.947Z", "writeKey": "k",
        "sentAt": "2026-11-21T18:33:17.947Z", "_metadata": {"bundled": []},
    }).encode()  # fmt: skip
    assert short_way(raw, None) == long_way(raw, None)


def test_the_last_of_equal_names_counts_both_ways() -> None:
    """As JSON has it nearly everywhere."""
    raw = b'{"type":"page","userId":"first","userId":"last"}'
    header = short_way(raw, None)
    assert header is not None
    assert header.user_id == "last"
    assert header == long_way(raw, None)
