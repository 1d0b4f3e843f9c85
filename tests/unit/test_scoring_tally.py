"""The tally: the same for every order and grouping of a set of touchpoints, and what each touchpoint adds."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.leads import B2B, EMAIL, NOON, PHONE, act, identify, page, tally_of, touchpoint, track

from leadflow.core.scoring.contents import MAX_TEXT, contents_of
from leadflow.core.scoring.tally import EMPTY, MAX_ACTS, Stated, Tally, add, combine, join, match
from leadflow.core.time import DAY, HOUR, hour_of
from leadflow.core.touchpoint import Identifier, Marketing, Signal

EVENTS = (
    *sorted(B2B.events.conversion),
    *sorted(B2B.events.purchase),
    "email bounced",
    "email opened",
    "pricing viewed",
    "feature used",
    "trial ended",
    "negative feedback",
    "nothing known",
)
times = st.integers(min_value=NOON - 3 * DAY, max_value=NOON).map(lambda at: at // (HOUR // 4) * (HOUR // 4))
words = st.sampled_from(["Founder", "giám đốc", "intern", "", "50-200", "VN", "free"])
facts = st.fixed_dictionaries(
    {}, optional={name: words | st.none() for name in ("title", "name", "company_size", "country", "plan", "need")}
)
consents = st.dictionaries(st.sampled_from(["email", "sms"]), st.booleans(), max_size=2)
contacts = st.lists(st.sampled_from([EMAIL, PHONE, Identifier("email", "minh@acme.vn")]), max_size=2, unique=True).map(
    tuple
)
bant = st.dictionaries(st.sampled_from(["budget", "need"]), st.fixed_dictionaries({"met": st.booleans()}))
marketing = st.builds(Marketing, channel=st.sampled_from(["google", "direct"]), campaign=st.sampled_from([None, "tet"]))
message_ids = st.sampled_from(["a", "b", "c", "d", "e"])
qualities = st.sampled_from([None, "opt_in", "partner", "bought"])

signals = st.one_of(
    st.builds(
        track, st.sampled_from(EVENTS), times, message_id=message_ids, marketing=marketing, quality=qualities,
        contacts=contacts, consents=consents, active=st.booleans(),
    ),
    st.builds(page, st.sampled_from(["/", "/pricing", "/blog/x", "/careers"]), times, message_id=message_ids),
    st.builds(identify, times, message_id=message_ids, traits=facts, contacts=contacts, consents=consents),
    st.builds(act, st.sampled_from(["accept", "won", "lost", "reopen", "contact"]), times),
    st.builds(lambda at, given: act("bant", at, **given), times, bant),
    st.builds(lambda at, owner: act("assign", at, owner=owner), times, st.sampled_from(["sam", "kim"])),
)  # fmt: skip
sets = st.lists(signals, max_size=12)


def encoded(tally: Tally) -> str:
    """All of a tally as text, to the last bit."""
    return json.dumps(msgspec.to_builtins(tally, str_keys=True), sort_keys=True)


@given(sets, signals)
def test_the_short_way_to_count_adds_what_the_long_way_adds(before: list[Signal], signal: Signal) -> None:
    """Whether a touchpoint is plain or not, and whenever it happened, is not seen in the tally."""
    tally, matched = tally_of(before), match(signal, B2B)
    assert encoded(add(tally, signal, matched, B2B)) == encoded(join(tally, contents_of(signal, matched, B2B)))


@settings(max_examples=40)
@given(sets, st.randoms(use_true_random=False))
def test_order_leaves_no_trace(given_signals: list[Signal], random: Any) -> None:
    """Any permutation gives the same tally to the last bit."""
    shuffled = given_signals[:]
    random.shuffle(shuffled)
    assert encoded(tally_of(given_signals)) == encoded(tally_of(shuffled))


@settings(max_examples=40)
@given(sets, sets, sets)
def test_joining_is_associative_and_commutative(one: list[Signal], two: list[Signal], three: list[Signal]) -> None:
    """However a set is split, the parts join to the tally of the whole."""
    first, second, third = map(tally_of, (one, two, three))
    whole = encoded(tally_of([*one, *two, *three]))
    assert encoded(join(first, join(second, third))) == whole
    assert encoded(join(join(third, first), second)) == whole


@settings(max_examples=40)
@given(sets, sets, sets, st.permutations([0, 1]))
def test_children_combine_in_any_order(
    own: list[Signal], one: list[Signal], two: list[Signal], order: list[int]
) -> None:
    """The order in which a lead's children are given makes no difference."""
    children = [(NOON, "b", tally_of(one)), (NOON - DAY, "c", tally_of(two))]
    whole = combine(tally_of(own), children)
    assert encoded(combine(tally_of(own), [children[index] for index in order])) == encoded(whole)


@settings(max_examples=40)
@given(sets, sets)
def test_combining_is_the_tally_of_the_union_but_for_consents(own: list[Signal], child: list[Signal]) -> None:
    """A merged lead is the sum of its parts; consents have a rule of their own."""
    combined = combine(tally_of(own), [(NOON, "c", tally_of(child))])
    union = tally_of([*own, *child])
    assert encoded(msgspec.structs.replace(combined, consents={})) == encoded(
        msgspec.structs.replace(union, consents={})
    )


@settings(max_examples=40)
@given(sets)
def test_a_tally_survives_json(given_signals: list[Signal]) -> None:
    """What is stored is what is read."""
    tally = tally_of(given_signals)
    assert msgspec.json.decode(msgspec.json.encode(tally), type=Tally) == tally


def consent(at: int, *, granted: bool) -> Tally:
    """A tally with nothing but a consent."""
    return tally_of([identify(at, consents={"email": granted})])


@pytest.mark.parametrize(
    ("own", "child", "linked_at", "granted"),
    [
        ((1, True), (2, False), 9, False),
        ((2, True), (1, False), 9, False),
        ((1, False), (2, True), 9, False),
        ((10, True), (1, False), 9, True),
        ((1, False), (10, True), 9, True),
        ((10, True), (11, False), 9, False),
        ((9, True), (1, False), 9, False),
        ((1, True), (2, True), 9, True),
    ],
)
def test_a_denial_outlives_a_merge(
    own: tuple[int, bool], child: tuple[int, bool], linked_at: int, *, granted: bool
) -> None:
    """Across merged profiles a denial wins, unless the grant is later than both the denial and the link."""
    combined = combine(consent(own[0], granted=own[1]), [(linked_at, "c", consent(child[0], granted=child[1]))])
    assert combined.consents["email"].value is granted


def test_within_a_profile_the_latest_consent_wins_and_a_tie_denies() -> None:
    """Consent follows event time; at the same time a denial is safer."""
    denied = consent(1, granted=False)
    assert join(denied, consent(2, granted=True)).consents["email"].value is True
    assert join(denied, consent(1, granted=True)).consents["email"].value is False


def test_no_names_or_addresses_rest_in_a_tally() -> None:
    """Of a name, a phone or an e-mail only that it is known is kept, and the e-mail's domain."""
    tally = tally_of(
        [identify(traits={"name": "Lan Nguyen", "need": "faster leads"}, contacts=(EMAIL, PHONE)), track("Signed Up")]
    )
    text = encoded(tally)
    assert "Nguyen" not in text
    assert "leads" not in text
    assert "lan@" not in text
    assert "9012" not in text
    assert tally.domains == {"gmail.com": NOON}
    assert tally.contacts == {"email": NOON, "phone": NOON}


def test_bots_add_nothing() -> None:
    """A bot's touchpoint leaves the tally as it is."""
    bot = page("/pricing", bot=True)
    assert match(bot, B2B) == ()
    assert tally_of([bot]) == EMPTY


def test_an_event_that_is_not_active_states_facts_only() -> None:
    """`context.active: false` updates a person without having been seen: no rule counts, no touch."""
    quiet = tally_of([page("/pricing", active=False, traits={"title": "CEO"})])
    assert quiet.counts == {}
    assert (quiet.first_touch, quiet.last_touch, quiet.spans) == (None, None, {})
    assert quiet.facts["title"].value == "CEO"


def test_all_rules_that_hold_count() -> None:
    """A pricing page that is read for a minute is a page, a stay and a look at prices."""
    seen = page("/pricing/enterprise", properties={"duration_s": 60})
    assert match(seen, B2B) == ("page_view", "page_stay", "pricing_page")
    assert tally_of([seen]).counts["pricing_page"] == {hour_of(NOON): 1}


def test_paths_count_for_pages_and_screens_only() -> None:
    """An event on the pricing page is no look at the prices, and a page's name is no event."""
    assert match(track("Video Played", path="/pricing"), B2B) == ("content_view",)
    assert match(touchpoint("screen", path="/bang-gia"), B2B) == ("page_view", "pricing_page")
    assert match(page("/", event="demo requested"), B2B) == ("page_view",)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (250, 250), ("50-200", 50), ("51\u2013200 employees", 51), ("1,000+", 1000), ("1.000", 1000),
        ("1 000 \u2013 5 000", 1000), ("10k", 10_000), ("1.5k", 1_500), ("dưới 50", 1), ("<10", 1), (10.5, 10),
        ("11-50 người", 11),
    ],
)  # fmt: skip
def test_company_sizes_are_read_as_their_lower_bound(written: object, size: int) -> None:
    """Numbers, ranges and separators of thousands, as forms write them."""
    assert tally_of([identify(traits={"company_size": written})]).facts["company_size"].value == size


@pytest.mark.parametrize("written", ["many", True, -5, "-5", [50], "0901234567890", float("inf")])
def test_what_is_no_company_size_says_nothing(written: object) -> None:
    """A value that cannot be read leaves the last one standing."""
    stated = [identify(NOON, traits={"company_size": 70}), identify(NOON + 1, traits={"company_size": written})]
    assert tally_of(stated).facts["company_size"].value == 70


def test_the_last_word_on_a_fact_counts_and_null_takes_it_back() -> None:
    """Facts follow event time, not arrival."""
    late_then_early = [identify(NOON, traits={"title": "CEO"}), identify(NOON - 1, traits={"title": "Intern"})]
    assert tally_of(late_then_early).facts["title"].value == "CEO"
    assert tally_of([*late_then_early, identify(NOON + 1, traits={"title": None})]).facts["title"].value is None


def test_a_size_may_come_with_the_company() -> None:
    """`company.size` of a group call is the company's size too."""
    assert tally_of([touchpoint("group", traits={"company.size": "1000+"})]).facts["company_size"].value == 1000


def test_long_texts_are_cut() -> None:
    """A fact stays small, whatever was sent."""
    assert len(tally_of([identify(traits={"title": "x" * 10_000})]).facts["title"].value) == MAX_TEXT


def test_the_first_conversion_and_its_source_are_kept() -> None:
    """The source of a lead is that of its earliest conversion, in event time."""
    tally = tally_of(
        [
            track("Demo Requested", NOON, marketing=Marketing("direct")),
            track("Form Submitted", NOON - HOUR, marketing=Marketing("google", "cpc", "tet")),
            page("/", NOON - DAY, marketing=Marketing("facebook.com")),
        ]
    )
    assert tally.conversion is not None
    assert (tally.conversion.event, tally.conversion.channel, tally.conversion.medium, tally.conversion.campaign) == (
        "Form Submitted", "google", "cpc", "tet",
    )  # fmt: skip
    assert tally.first_touch is not None
    assert tally.first_touch.channel == "facebook.com"
    assert tally.last_touch is not None
    assert tally.last_touch.channel == "direct"


def test_acts_are_bounded_to_the_latest() -> None:
    """However many acts there are, the latest are kept, whatever the order."""
    acts = [act("reopen", NOON + index) for index in range(MAX_ACTS + 20)]
    kept = tally_of(reversed(acts)).acts
    assert [entry.at for entry in kept] == [NOON + index for index in range(20, MAX_ACTS + 20)]


@pytest.mark.parametrize(
    ("given_fact", "met"),
    [({"met": True}, True), ({"value": "10k"}, True), ({"met": False}, False), (True, True), (False, False),
     ("this year", True), (None, False), ({"met": "no"}, False)],
)  # fmt: skip
def test_bant_facts_are_met_unless_they_say_otherwise(given_fact: object, *, met: bool) -> None:
    """`met` defaults to true."""
    assert tally_of([act("bant", budget=given_fact)]).bant["budget"].value["met"] is met


def test_sales_facts_are_kept() -> None:
    """Owner, contacts and revenue are the last word of sales."""
    tally = tally_of(
        [
            act("assign", owner="kim"),
            act("contact", outcome="no_answer"),
            act("contact", NOON + 1, outcome="conversation"),
            act("won", NOON + 2, revenue=1200.5),
        ]
    )
    assert tally.owner is not None
    assert tally.owner.value == "kim"
    assert tally.spans["contact"].first.at == NOON
    assert tally.spans["conversation"].first.at == NOON + 1
    assert tally.revenue is not None
    assert tally.revenue.value == 1200.5


def test_a_soft_bounce_is_none() -> None:
    """A full mailbox does not make an address invalid."""
    assert "bounce" in tally_of([track("Email Bounced")]).spans
    assert "bounce" not in tally_of([track("Email Bounced", properties={"bounce_type": "soft"})]).spans


def test_a_tie_between_two_sources_is_broken_by_the_value() -> None:
    """The same message id and time at two write keys gives one answer in both orders."""
    one = Tally(facts={"title": Stated(1, "m", "CEO")})
    other = Tally(facts={"title": Stated(1, "m", "CTO")})
    assert join(one, other) == join(other, one)
