"""The rules that an event has to meet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.pipeline.ingest.header import EVENT_TYPES, Header, read_header
from leadflow.pipeline.ingest.refusal import Refusal

TRACK = {"type": "track", "userId": "u1", "event": "Form Submitted"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "type",
    "userId",
    "anonymousId",
    "previousId",
    "groupId",
    "event",
    "messageId",
    "timestamp",
    "originalTimestamp",
)


def read(**fields: Any) -> Header | Refusal:
    """Read a track call with these fields besides or instead."""
    return read_header({**TRACK, **fields}, None, None)


def good(**fields: Any) -> Header:
    """Read a valid one."""
    header = read(**fields)
    assert isinstance(header, Header), header
    return header


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"type": None}, "missing_type", "type"),
        ({"type": "Track"}, "invalid_type", "type"),
        ({"type": "action"}, "invalid_type", "type"),
        ({"type": ["track"]}, "invalid_type", "type"),
        ({"userId": None}, "missing_identity", "userId"),
        ({"userId": ""}, "missing_identity", "anonymousId"),
        ({"userId": " \t"}, "missing_identity", "userId"),
        ({"userId": True}, "missing_identity", "userId"),
        ({"userId": {"id": 1}}, "missing_identity", "userId"),
        ({"event": None}, "missing_event", "event"),
        ({"event": "  "}, "missing_event", "event"),
        ({"event": 7}, "invalid_event", "event"),
        ({"event": "x" * 201}, "event_name_too_long", "event"),
        ({"messageId": "m" * 101}, "message_id_too_long", "messageId"),
        ({"messageId": ["m"]}, "invalid_message_id", "messageId"),
        ({"type": "group"}, "missing_group_id", "groupId"),
        ({"type": "alias"}, "missing_previous_id", "previousId"),
        ({"type": "alias", "userId": None, "anonymousId": "a", "previousId": "p"}, "missing_user_id", "userId"),
        ({"properties": "none"}, "invalid_properties", "properties"),
        ({"traits": []}, "invalid_traits", "traits"),
        ({"context": 1}, "invalid_context", "context"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(fields: dict[str, Any], code: str, named: str) -> None:
    """The refusal has its own code and names the field."""
    refusal = read(**fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (400, code)
    assert named in refusal.message


@pytest.mark.parametrize(
    "fields",
    [
        {"userId": None, "anonymousId": "a"},
        {"event": "x" * 200},
        {"messageId": "m" * 100},
        {"messageId": None},
        {"properties": None, "traits": None, "context": None},
        {"type": "identify", "event": None},
        {"type": "page", "event": None},
        {"type": "screen", "event": None, "name": None},
        {"type": "group", "groupId": 7},
        {"type": "alias", "previousId": "a"},
    ],
)
def test_what_meets_the_rules_is_taken(fields: dict[str, Any]) -> None:
    """The edge of each rule belongs to the good side."""
    good(**fields)


def test_numbers_are_ids_too() -> None:
    """Databases count: a number becomes text."""
    header = good(userId=42, messageId=7)
    assert (header.user_id, header.message_id) == ("42", "7")


def test_the_path_wins_over_the_body() -> None:
    """A body sent to /v1/identify is an identify call whatever it says."""
    header = read_header({**TRACK, "type": "nonsense"}, "identify", None)
    assert isinstance(header, Header)
    assert header.type == "identify"


def test_an_id_from_outside_fills_a_gap_only() -> None:
    """The AnonymousId header stands in for a missing id and for nothing else."""
    for body_id, expected in ((None, "given"), ("", "given"), ("own", "own")):
        header = read_header({**TRACK, "anonymousId": body_id}, None, "given")
        assert isinstance(header, Header)
        assert header.anonymous_id == expected


def test_the_original_time_goes_before_the_time() -> None:
    """RudderStack's originalTimestamp is the client's clock; an unreadable one gives way to timestamp."""
    times = {"timestamp": "2026-11-21T18:33:16.947Z"}
    assert (
        good(**times, originalTimestamp="2026-11-20T00:00:00Z").client_at
        == good(timestamp="2026-11-20T00:00:00Z").client_at
    )
    assert good(**times, originalTimestamp="soon").client_at == good(**times).client_at


@given(st.dictionaries(st.sampled_from((*FIELDS, "sentAt", "properties", "traits", "context")), json_values))
def test_any_json_is_either_taken_or_refused(fields: dict[str, Any]) -> None:
    """Nothing is raised, and what is taken has a type, a person and names of bounded length."""
    header = read_header({**TRACK, **fields}, None, None)
    if isinstance(header, Header):
        assert header.type in EVENT_TYPES
        assert header.user_id or header.anonymous_id
        assert len(header.message_id or "") <= 100
