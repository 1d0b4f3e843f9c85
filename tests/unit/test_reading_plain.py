"""The short way of reading an event gives what the long way gives, for whatever was sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.reading import Envelope, hear, read_event, read_signal
from leadflow.core.reading.plain import read_plain
from leadflow.core.touchpoint import TouchpointType

texts = st.sampled_from(
    [
        "",
        " ",
        "/Pricing/?a=b",
        "https://www.x.vn/blog?utm=1",
        "google.com",
        "https://google.com/s",
        "x.vn",
        "Demo_Requested",
    ]
) | st.text(max_size=8)
anything = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | texts
    | st.lists(texts, max_size=2)
    | st.dictionaries(texts, texts, max_size=2)
)


def objects(*names: str, values: st.SearchStrategy[Any] = anything) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of these members."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, texts | values))


contexts = st.fixed_dictionaries(
    {},
    optional={
        "page": objects("path", "url", "referrer", "host", "title") | anything,
        "campaign": objects("source", "medium", "name", "term") | anything,
        "active": anything,
        "traits": objects("email", "consent") | anything,
        "referrer": objects("url", "link") | anything,
        "source_quality": st.sampled_from(["bought", "opt_in"]) | anything,
        "library": objects("name"),
    },
)
events = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["Demo Requested", "Unsubscribed", "email_unsubscribed"]) | anything,
        "name": anything,
        "properties": objects("path", "url", "referrer", "need", "message", "consent", "duration_s") | anything,
        "traits": objects("title", "consent") | anything,
        "context": contexts | anything,
    },
)


@given(event=events, kind=st.sampled_from(["page", "screen", "track", "identify", "group", "alias"]))
def test_both_ways_hear_the_same(event: dict[str, Any], kind: TouchpointType) -> None:
    """To the last field, also of events that no SDK sends."""
    body = json.dumps(event).encode()
    envelope = Envelope(kind=kind, message_id="m", source="web", at=5, received_at=6)
    assert hear(body, b"null", envelope) == read_signal(read_event(body, b"null", kind), envelope)


@pytest.mark.parametrize("kind", ["page", "screen", "track", "identify", "group", "alias"])
def test_what_browsers_send_all_day_is_plain(kind: TouchpointType) -> None:
    """The short way is taken where it matters, also by those who say who they are and what they need."""
    page = {"path": "/pricing", "url": "https://x.vn/pricing", "referrer": "https://google.com", "title": "Pricing"}
    event = {
        "event": "Demo Requested",
        "name": "Pricing",
        "properties": {"plan": "pro", "need": "a demo"},
        "traits": {"title": "Founder", "consent": {"email": True}},
        "context": {"page": page},
    }
    envelope = Envelope(kind=kind, message_id="m", source="web", at=5, received_at=6)
    assert read_plain(json.dumps(event).encode(), envelope) is not None


def test_a_batch_context_takes_the_long_way() -> None:
    """What the batch says about the page counts for its events."""
    context = b'{"page": {"path": "/pricing"}}'
    envelope = Envelope(kind="page", message_id="m", source="web", at=5, received_at=6)
    assert hear(b"{}", context, envelope).path == "/pricing"
