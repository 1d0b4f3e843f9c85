"""The short way to read a record comes to what the ordinary way comes to, byte for byte."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.contracts import topics
from leadflow.contracts.documents import TouchpointDoc
from leadflow.contracts.touchpoint import NO_JSON, Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.pipeline.processor import arrival as reading
from leadflow.pipeline.processor.arrival import Arrival, Unusable, read_arrival
from leadflow.pipeline.processor.processor import resolved_emit
from leadflow.pipeline.processor.senders import Senders
from leadflow.pipeline.processor.sighting import sight
from leadflow.ports import Record

HASHER = Hasher(b"a secret of the tests")
SENDERS = Senders(IdentityRules(), HASHER)

anything = st.none() | st.booleans() | st.integers(-2, 2) | st.lists(st.text(max_size=2), max_size=1)
ids = st.sampled_from(["u1", "a1", " ", "null", "á", "lan@example.vn", "0912 345 678", "x" * 300, "\ud800"]) | anything
people = st.fixed_dictionaries({}, optional=dict.fromkeys(("email", "phone", "crmId", "name"), ids))
contexts = st.fixed_dictionaries({}, optional={"traits": people | ids, "device": people | ids})
bodies = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("userId", "anonymousId", "previousId"), ids),
        "event": st.sampled_from(["Form Submitted", "demo_requested", "x"]) | anything,
        "traits": people | ids,
        "properties": people | ids,
        "context": contexts | anything,
    },
)
touchpoints = st.builds(
    Touchpoint,
    message_id=st.text(max_size=3),
    source=st.sampled_from(["web", "app"]),
    type=st.sampled_from(["identify", "track", "page", "group", "alias", "action"]),
    at=st.integers(0, 9),
    received_at=st.integers(0, 9),
    body=(bodies | anything).map(lambda body: msgspec.Raw(as_json(body))),
    context=st.just(NO_JSON) | contexts.map(lambda context: msgspec.Raw(as_json(context))),
    channel=st.sampled_from(["web", "server"]),
    bot=st.booleans(),
    ip=st.none() | st.just("::1"),
    target=st.none() | st.just("p1"),
    repair=st.integers(0, 2),
)


def as_json(value: Any) -> bytes:
    """What a client may send, lone surrogates included."""
    return msgspec.json.encode(value) if _is_text(value) else b'{"userId":"\\ud800","anonymousId":"a1"}'


def _is_text(value: Any) -> bool:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
    return True


def read(value: bytes) -> Arrival | Unusable:
    """The first record of partition 3."""
    record = Record(topic=topics.TOUCHPOINTS, partition=3, offset=0, key="k", value=value, timestamp=0)
    return read_arrival(0, record, SENDERS, HASHER, 5)


def ordinarily(value: bytes) -> Arrival | Unusable:
    """The same without the short way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "sight", lambda *_: None)
        return read(value)


@given(touchpoints)
@settings(max_examples=150)
def test_both_ways_store_and_send_the_same(touchpoint: Touchpoint) -> None:
    """The document with its way, the record to the lead, the sender and the key; or the same refusal."""
    value = msgspec.json.encode(touchpoint)
    short, ordinary = read(value), ordinarily(value)
    if isinstance(short, Unusable) or isinstance(ordinary, Unusable):
        assert short == ordinary
        return
    assert (short.key, short.pos, short.sender) == (ordinary.key, ordinary.pos, ordinary.sender)
    assert (short.target, short.refused, short.touchpoint()) == (ordinary.target, ordinary.refused, touchpoint)
    for made, expected in (
        (short.unaddressed(), ordinary.unaddressed()),
        (short.addressed("a" * 24, ("t3", 0)), ordinary.addressed("a" * 24, ("t3", 0))),
    ):
        encoded = msgspec.json.encode(made)
        stored = msgspec.json.decode(encoded, type=TouchpointDoc)
        assert encoded == msgspec.json.encode(expected) == msgspec.json.encode(stored)
        if made.addr is not None:
            contacts = short.sender.contacts
            assert resolved_emit(short.key, made, contacts) == resolved_emit(short.key, stored, contacts)


@pytest.mark.parametrize(
    ("record", "is_short"),
    [
        (b'{"message_id":"m","source":"web","type":"page","at":1,"received_at":1,"body":{"userId":"u"}}', True),
        (b'{"message_id":"m","source":"web","type":"page","at":1,"received_at":1,"body":{"userId":"null"}}', False),
        (b'{"message_id":"m","source":"web","type":"page","at":1,"received_at":1,"body":{"userId":"u"},"x":1}', False),
        (b'{"message_id":"m","source":"web","type":"page","at":1,"received_at":"1","body":{"userId":"u"}}', False),
        (b'{"message_id":"m","source":"web","type":"action","at":1,"received_at":1,"body":{"userId":"u"}}', False),
        (b'{"message_id":"m","source":"web","type":"page","at":1,"received_at":1,"body":{},"context":{}}', False),
    ],
)
def test_what_is_not_as_observers_write_it_goes_the_ordinary_way(record: bytes, *, is_short: bool) -> None:
    """Fields that nobody knows, other types, actions, a batch's context, and senders whom nobody can tell."""
    assert (sight(record, SENDERS) is not None) is is_short
