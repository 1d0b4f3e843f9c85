"""Reading touchpoints: whom they are about, and what scoring gets to see."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core.identity.rules import IdentityRules
from leadflow.core.reading import Envelope, Event, identify, read_event, read_identifiers, read_sent, read_signal
from leadflow.core.touchpoint import Action, Identifier, Marketing, Signal, TouchpointType

RULES = IdentityRules(custom_types=("loyaltyId",))


def event(body: dict[str, Any], context: dict[str, Any] | None = None) -> Event:
    """An event as read from its bytes and those of its batch's context."""
    return read_event(json.dumps(body).encode(), json.dumps(context).encode())


def identifiers(body: dict[str, Any], context: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """The identifiers that are kept, as (type, value)."""
    return [(one.type, one.value) for one in read_identifiers(event(body, context), RULES).kept]


def signal(body: dict[str, Any], kind: TouchpointType = "track", **envelope: Any) -> Signal:
    """The signal of an event with a plain envelope."""
    return read_signal(event(body), Envelope(kind=kind, message_id="m1", source="web", at=5, received_at=7, **envelope))


def test_an_events_own_context_lies_over_its_batchs() -> None:
    """Key by key; a null in the event's context says nothing."""
    read = event({"context": {"page": {"path": "/a"}, "device": None}}, {"page": {"url": "x"}, "device": {"id": "d"}})
    assert read.context == {"page": {"path": "/a"}, "device": {"id": "d"}}


def test_identifiers_come_from_all_their_places_strongest_first() -> None:
    """Top level, traits, the context's traits and device; camelCase and snake_case; each value once."""
    body = {
        "type": "identify",
        "userId": " u1 ",
        "anonymousId": "anon-1",
        "traits": {"email": "Lan@Example.vn", "crmId": 7, "loyalty_id": "L1", "phone": "0901234567"},
        "context": {
            "traits": {"email": "lan@example.vn", "Email": "lan@work.vn", "national_id": "N1"},
            "device": {"id": "d1"},
        },
    }
    assert identifiers(body) == [
        ("user_id", "u1"),
        ("crm_id", "7"),
        ("national_id", "N1"),
        ("loyalty_id", "L1"),
        ("email", "lan@example.vn"),
        ("email", "lan@work.vn"),
        ("phone", "+84901234567"),
        ("anonymous_id", "anon-1"),
        ("device_id", "d1"),
    ]


def test_properties_identify_on_conversions_only() -> None:
    """An e-mail in the properties is the sender's own when a form was sent, somebody else's when a gift was."""
    form = {"type": "track", "anonymousId": "a", "event": "Form_Submitted", "properties": {"email": "lan@example.vn"}}
    gift = {**form, "event": "Gift Sent"}
    assert ("email", "lan@example.vn") in identifiers(form)
    assert identifiers(gift) == [("anonymous_id", "a")]


def test_an_alias_names_who_somebody_was() -> None:
    """`previousId` is an anonymous id, unless it repeats the user id."""
    assert identifiers({"type": "alias", "userId": "u1", "previousId": "anon-1"}) == [
        ("user_id", "u1"),
        ("anonymous_id", "anon-1"),
    ]
    assert identifiers({"type": "alias", "userId": "u1", "previousId": "u1"}) == [("user_id", "u1")]


@pytest.mark.parametrize("kind", ["group", None])
def test_a_groups_traits_identify_no_person(kind: str | None) -> None:
    """Neither the group's id nor the company's e-mail is the person's, also when only the path said `group`."""
    body = {"type": kind, "userId": "u1", "groupId": "g1", "traits": {"email": "lan@example.vn"}}
    assert identifiers({key: value for key, value in body.items() if value is not None}) == [("user_id", "u1")]


def test_the_touchpoints_type_comes_before_the_bodys() -> None:
    """A single call's path says what it is, whatever its body claims."""
    body = b'{"type": "identify", "userId": "u1", "traits": {"email": "lan@example.vn"}}'
    assert read_identifiers(read_event(body, kind="group"), RULES).kept == (Identifier("user_id", "u1"),)


def test_what_identifies_nobody_is_listed_with_its_reason() -> None:
    """Blocked and malformed values are named by type; null and empty ones were not sent at all."""
    read = read_identifiers(
        event({"userId": "null", "anonymousId": "", "traits": {"email": "x@", "phone": None}}), RULES
    )
    assert read.kept == ()
    assert read.ignored == (
        ("user_id", "blocked: many people share this value"),
        ("email", "malformed: not an e-mail address"),
    )


def test_a_signal_carries_its_envelope() -> None:
    """What the observer and identity know goes through as it is."""
    lan = (Identifier("email", "lan@example.vn"),)
    read = signal({"event": "Demo_Requested "}, contacts=lan, historical=True, bot=True, quality="partner")
    assert (read.message_id, read.source, read.at, read.received_at) == ("m1", "web", 5, 7)
    assert (read.event, read.event_name) == ("demo requested", "Demo_Requested")
    assert (read.contacts, read.historical, read.bot, read.quality, read.active) == (lan, True, True, "partner", True)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"context": {"page": {"path": "/Pricing/", "url": "https://x.vn/other"}}}, "/pricing"),
        ({"properties": {"path": "/blog?page=2#top"}}, "/blog"),
        ({"context": {"page": {"url": "https://x.vn/Bang-Gia/?utm=1#x"}}}, "/bang-gia"),
        ({"properties": {"url": "https://x.vn"}}, "/"),
        ({"properties": {"url": "/a/b/"}}, "/a/b"),
        ({"properties": {"path": "https://x.vn/a"}}, "/a"),
        ({"context": {"page": {"path": " ", "url": "http://[::1"}}}, None),
        ({"properties": {"path": 5}}, None),
        ({}, None),
    ],
)
def test_a_path_has_one_form(body: dict[str, Any], path: str | None) -> None:
    """The context's page first, then the properties, then the URL; no query, fragment, trailing slash or capitals."""
    assert signal(body, "page").path == path


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"context": {"campaign": {"source": "zalo", "medium": "cpc", "name": "tet"}}},
            Marketing("zalo", "cpc", "tet"),
        ),
        ({"context": {"page": {"referrer": "https://www.Google.com/search?q=x"}}}, Marketing("google.com")),
        ({"context": {"referrer": {"url": "https://t.co/x"}}}, Marketing("t.co")),
        ({"properties": {"referrer": "https://news.example.vn/"}}, Marketing("news.example.vn")),
        (
            {"context": {"page": {"url": "https://shop.vn/a", "referrer": "https://www.shop.vn/b"}}},
            Marketing("direct"),
        ),
        ({"context": {"page": {"referrer": "$direct"}, "campaign": {"medium": "qr"}}}, Marketing("direct", "qr")),
        ({"context": {"campaign": "x", "page": [], "referrer": 5}}, Marketing("direct")),
    ],
)
def test_the_marketing_source_is_campaign_then_referrer_then_direct(body: dict[str, Any], expected: Marketing) -> None:
    """The page's own site is no referrer."""
    assert signal(body).marketing == expected


def test_traits_have_one_spelling() -> None:
    """snake_case, known synonyms, the call over its context, the country out of the address; consent is no trait."""
    read = signal(
        {
            "traits": {
                "firstName": "Lan",
                "jobTitle": "CEO",
                "companySize": 50,
                "consent": {"email": True},
                "gone": None,
            },
            "context": {"traits": {"first_name": "Old", "Last Name": "Nguyễn", "address": {"country": "VN"}}},
            "properties": {"message": " CRM for 40 seats "},
        },
        "identify",
    )
    assert read.traits == {
        "first_name": "Lan",
        "last_name": "Nguyễn",
        "address": {"country": "VN"},
        "country": "VN",
        "title": "CEO",
        "company_size": 50,
        "need": "CRM for 40 seats",
    }


@pytest.mark.parametrize("traits", [{"title": "A", "jobTitle": "B"}, {"jobTitle": "B", "title": "A"}])
def test_an_exact_name_wins_over_another_spelling(traits: dict[str, Any]) -> None:
    """In whatever order a client wrote them."""
    assert signal({"traits": traits}, "identify").traits == {"title": "A"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"groupId": "g", "traits": {"name": "Acme", "employees": 50, "website": "https://www.acme.vn/"}}, "group"),
        ({"traits": {"company": {"name": "Acme", "employee_count": 50, "url": "acme.vn"}}}, "identify"),
    ],
)
def test_a_companys_traits_are_the_same_from_a_group_and_from_a_person(
    body: dict[str, Any], kind: TouchpointType
) -> None:
    """Company traits have names of their own and never overwrite the person's."""
    expected = {"company": "Acme", "company.name": "Acme", "company.size": 50, "company.domain": "acme.vn"}
    assert signal(body, kind).traits == expected


def test_a_company_given_as_text_is_its_name() -> None:
    """`company: "Acme"` says the same as an object with a name."""
    assert signal({"traits": {"company": "Acme"}}, "identify").traits == {"company": "Acme", "company.name": "Acme"}


def test_traits_are_bounded() -> None:
    """A value beyond 8 KB is dropped, and so is what goes beyond 200 traits."""
    many = {f"t{number:03}": "x" * (9_000 if number == 0 else 1) for number in range(300)}
    traits = signal({"traits": many}, "identify").traits
    assert len(traits) == 200
    assert "t000" not in traits


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (
            {"traits": {"consent": {"email": True, "sms": "false", "fax": True}}},
            "identify",
            {"email": True, "sms": False},
        ),
        ({"event": "x", "properties": {"consent": {"ads": False, "push": 1}}}, "track", {"ads": False}),
        ({"event": "Unsubscribed", "traits": {"consent": {"email": True}}}, "track", {"email": False}),
        ({"context": {"traits": {"consent": {"email": True}}}}, "identify", {"email": True}),
        ({"event": "x", "context": {"traits": {"consent": {"email": True}}}}, "track", {}),
        ({"groupId": "g", "traits": {"consent": {"email": True}}}, "group", {}),
        ({"action": "consent", "channel": "phone", "granted": True}, "action", {"phone": True}),
        ({"action": "consent", "channel": "fax", "granted": True}, "action", {}),
        ({"action": "accept", "channel": "phone", "granted": True}, "action", {}),
    ],
)
def test_consents_are_read_where_they_are_given(
    body: dict[str, Any], kind: TouchpointType, expected: dict[str, bool]
) -> None:
    """By channel, from traits, properties, `Unsubscribed` and sales; what SDKs merely repeat gives nothing back."""
    assert signal(body, kind).consents == expected


@pytest.mark.parametrize(
    ("stated", "key", "quality"),
    [
        ("bought", "partner", "bought"),
        ("excellent", "partner", "partner"),
        (None, None, None),
        ("Opt-In", None, "opt_in"),
    ],
)
def test_an_events_own_quality_comes_before_its_write_keys(stated: Any, key: Any, quality: str | None) -> None:
    """Only the four known qualities count."""
    assert signal({"context": {"source_quality": stated}}, quality=key).quality == quality


def test_an_inactive_touchpoint_says_so() -> None:
    """`context.active` false means that nobody was there."""
    assert signal({"context": {"active": False}}).active is False


def test_an_action_carries_its_fields() -> None:
    """What sales did, by whom, and the rest of the body."""
    read = signal({"action": "reject", "actor": "mai", "reason": "no budget"}, "action")
    assert read.action == Action("reject", "mai", {"reason": "no budget"})
    assert read.event is None
    assert read.traits == {}


WORDS = st.sampled_from(
    [
        *(
            "type",
            "userId",
            "anonymousId",
            "previousId",
            "traits",
            "context",
            "properties",
            "email",
            "phone",
            "consent",
            "company",
        ),
        *("address", "page", "path", "url", "referrer", "campaign", "source", "device", "id", "event"),
        *("action", "granted", "channel"),
    ]
)
TEXTS = (
    st.sampled_from(["http://[", "alias", "group", "//", "a@b.vn", "0901234567", "Form Submitted", "\ud800"])
    | st.text()
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(body=st.dictionaries(WORDS, JSON) | JSON, context=JSON, kind=st.sampled_from(get_args(TouchpointType)))
def test_reading_never_raises(body: Any, context: Any, kind: TouchpointType) -> None:
    """Whatever JSON arrives, it is read as far as it can be, and what is kept can be stored."""
    read = read_event(json.dumps(body).encode(), json.dumps(context).encode())
    for one in read_identifiers(read, RULES).kept:
        assert one.value.encode()
    made = read_signal(read, Envelope(kind=kind, message_id="m", source="s", at=0, received_at=0))
    assert set(made.consents.values()) <= {True, False}
    assert msgspec.json.encode((made.traits, made.path, made.marketing.channel))


@settings(max_examples=300, deadline=None)
@given(body=st.dictionaries(WORDS, JSON) | JSON, context=JSON, kind=st.sampled_from(get_args(TouchpointType)))
def test_a_sender_is_read_as_from_the_whole_event(body: Any, context: Any, kind: TouchpointType) -> None:
    """Decoding only what identifies people finds the same people, for whatever JSON."""
    sent, shared = json.dumps(body).encode(), json.dumps(context).encode()
    for batch_context in (shared, b"null"):
        whole = read_identifiers(read_event(sent, batch_context, kind), RULES)
        assert identify(read_sent(sent, batch_context, kind, RULES.in_traits), RULES) == whole


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000, b"1" * 5_000])
def test_bytes_that_are_no_object_read_as_an_empty_event(body: bytes) -> None:
    """The observer refuses them; a later reader that meets one all the same survives it."""
    assert read_event(body).body == {}
