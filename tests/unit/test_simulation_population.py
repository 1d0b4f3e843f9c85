"""The made-up population: seeded, labelled, of reserved names only, and as its funnel says."""

import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.email import email_form
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.phone import phone_form
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.reading import Envelope, read_event, read_identifiers, read_signal
from leadflow.core.scoring.load import shipped_model
from leadflow.core.scoring.stages import Standing, advance, trigger_of
from leadflow.core.scoring.tally import EMPTY, add, match
from leadflow.core.time import DAY, HOUR, from_rfc3339
from leadflow.core.touchpoint import Signal
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.events import Taken, shared_by, take_event
from leadflow.pipeline.ingest.payload import Payload
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.simulation.dice import dice
from leadflow.simulation.hours import window
from leadflow.simulation.names import DOMAIN_ENDINGS
from leadflow.simulation.people import Person
from leadflow.simulation.population import Moment, Population
from leadflow.simulation.rates import DEPTHS, Rates, read_rates

END = from_rfc3339("2026-11-21T18:33:16Z")
SOME = Population(3, 300, 30)
RULES = IdentityRules()
WEB = Delivery(source=SourceConfig("web"), received_at=END)
LIMITS = ObserverSettings(write_keys={"key": WEB.source})
B2B = shipped_model()
HASHER = Hasher(b"0123456789abcdef")


@pytest.fixture(scope="module")
def moments() -> list[Moment]:
    """What some people do."""
    return list(SOME.timeline(END))


def texts(value: Any) -> list[str]:
    """All texts in a JSON value."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def test_the_same_seed_gives_the_same_population(moments: list[Moment]) -> None:
    """Two runs send the same bytes."""
    assert list(Population(3, 300, 30).timeline(END)) == moments


def test_a_later_run_keeps_every_message_id(moments: list[Moment]) -> None:
    """The simulated days move with the clock; the message ids stay, so that nothing counts twice."""
    later = list(SOME.timeline(END + 3 * DAY + 5 * HOUR))
    assert {moment.message_id for moment in later} == {moment.message_id for moment in moments}
    assert min(moment.at for moment in later) != min(moment.at for moment in moments)


def test_a_larger_population_begins_with_the_same_people() -> None:
    """Another number of profiles adds people and changes none."""
    assert Population(3, 500, 30).people[:300] == SOME.people


@pytest.mark.parametrize(
    "other", [Population(4, 300, 30), Population(3, 300, 29), Population(3, 300, 30, Rates(lead=0.1))]
)
def test_another_population_shares_no_id(other: Population, moments: list[Moment]) -> None:
    """A message id stands for one touchpoint: other seeds, days or rates give other people."""
    ids = {moment.message_id for moment in moments}
    assert not ids & {moment.message_id for moment in other.timeline(END)}
    assert not {person.email for person in SOME.people} & {person.email for person in other.people}
    assert not {person.user_id for person in SOME.people} & {person.user_id for person in other.people}


def test_message_ids_and_contacts_are_unique(moments: list[Moment]) -> None:
    """No two touchpoints have one id, no two people one address, number or device: nobody is merged by mistake."""
    assert len({moment.message_id for moment in moments}) == len(moments)
    for of in (
        [person.email for person in SOME.people],
        [person.phone for person in SOME.people if person.phone],
        [device.anonymous_id for person in SOME.people for device in person.devices],
    ):
        assert len(set(of)) == len(of)


def test_every_touchpoint_says_that_it_is_synthetic(moments: list[Moment]) -> None:
    """Made-up people can be told from real ones, event by event."""
    for moment in moments:
        assert moment.event["context"]["synthetic"] is True
        assert moment.event["context"]["library"]["name"] == "leadflow-simulate"


def test_no_domain_is_real(moments: list[Moment]) -> None:
    """Addresses and links lead to names that are reserved for examples (RFC 2606) and to nobody else."""
    everything = [text for moment in moments for text in texts(moment.event)]
    hosts = [host for text in everything for host in re.findall(r"(?:@|https?://)([^\s/?#]+)", text)]
    assert len(hosts) > len(moments)
    for host in hosts:
        assert host.lower().endswith(tuple(f".{ending}" for ending in DOMAIN_ENDINGS)) or host.lower() in DOMAIN_ENDINGS


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(-(2**63), 2**63),
    days=st.integers(1, 90),
    end=st.integers(from_rfc3339("2020-01-01T00:00:00Z"), from_rfc3339("2035-01-01T00:00:00Z")),
)
def test_times_are_in_order_and_within_the_days(seed: int, days: int, end: int) -> None:
    """All over the window and never outside of it; each person's steps keep their order."""
    last: dict[int, tuple[int, int]] = {}
    at = end - (days * DAY + HOUR)
    for moment in Population(seed, 40, days).timeline(end):
        assert at <= moment.at < end
        assert moment.event["timestamp"].startswith("20")
        assert from_rfc3339(moment.event["timestamp"]) == moment.at
        number = int(moment.message_id.rpartition("-")[2])
        assert last.get(moment.person, (-1, 0)) < (number, moment.at)
        assert last.get(moment.person, (-1, 0))[0] == number - 1
        last[moment.person] = (number, moment.at)
        at = moment.at


def test_nobody_begins_a_visit_that_the_end_would_cut_off() -> None:
    """The last two hours stay empty, also when the window ends in office hours."""
    time = window(from_rfc3339("2026-11-20T10:20:00Z"), 1)
    visits = [time.moment(dice(number)) for number in range(2_000)]
    assert time.start <= min(visits)
    assert time.end - 3 * HOUR < max(visits) < time.end - 2 * HOUR


def test_a_population_does_everything_that_scoring_knows(moments: list[Moment]) -> None:
    """Reading, mail, forms, raised hands, trials and their use, an unsubscription, a bounce, an order."""
    named = Counter(
        moment.event["event"] for moment in Population(5, 2_000, 30).timeline(END) if "event" in moment.event
    )
    assert set(named) >= {
        *("Ad Clicked", "Email Opened", "Email Clicked", "Email Bounced", "Unsubscribed", "Newsletter Subscribed"),
        *("Form Submitted", "Ebook Downloaded", "Webinar Registered", "Webinar Attended", "Video Played"),
        *("Demo Requested", "Quote Requested", "Consultation Requested", "Meeting Requested", "Products Searched"),
        *(
            "Signed Up",
            "Signed In",
            "Trial Started",
            "Feature Used",
            "Invite Sent",
            "Checkout Started",
            "Order Completed",
        ),
    }
    paths = {moment.event["context"].get("page", {}).get("path") for moment in moments}
    assert {"/pricing", "/bang-gia/", "/careers", "/tuyen-dung", "/blog/lead-scoring", "/products/scoring"} <= paths


def test_people_keep_office_hours(moments: list[Moment]) -> None:
    """Most comes in from 8 to 18 o'clock in Vietnam, little at night."""
    hours = Counter((moment.at // HOUR + 7) % 24 for moment in moments)
    assert sum(hours[hour] for hour in range(8, 18)) > 0.65 * len(moments)
    assert sum(hours[hour] for hour in range(6)) < 0.08 * len(moments)


def test_few_people_do_most(moments: list[Moment]) -> None:
    """Activity is spread unevenly: the busiest fifth does more than two fifths."""
    counts = sorted(Counter(moment.person for moment in moments).values(), reverse=True)
    assert sum(counts[: len(counts) // 5]) > 0.4 * sum(counts)
    assert counts[-1] <= 2 < counts[0]


def test_the_funnel_has_its_rates() -> None:
    """Of 20,000 people as many get so far as the rates say, within four standard deviations."""
    reached = Population(7, 20_000, 30).reached()
    expected = float(reached["visitor"])
    for depth, rate in zip(DEPTHS[1:], Rates().steps(), strict=True):
        expected *= rate
        assert abs(reached[depth] - expected) < 4 * expected**0.5, depth


def test_rates_can_be_named() -> None:
    """Other rates are read by name, the rest keeps its default."""
    assert read_rates("lead=0.5, mql=1") == Rates(lead=0.5, mql=1.0)
    assert read_rates("") == Rates()


@pytest.mark.parametrize(("text", "named"), [("leed=1", "'leed'"), ("lead=2", "lead is 2"), ("lead", "'lead'")])
def test_wrong_rates_are_named(text: str, named: str) -> None:
    """A misspelt name, a share above 1 and a missing value each get a sentence."""
    with pytest.raises(ValueError, match=named):
        read_rates(text)


def taken(moment: Moment) -> Touchpoint:
    """The touchpoint that the observer makes of an event."""
    payload = Payload(events=(), batch=True, write_key="key")
    shared = shared_by(payload, None, WEB, limits=LIMITS, hasher=HASHER)
    outcome = take_event(msgspec.json.encode(moment.event), shared)
    assert isinstance(outcome, Taken), outcome
    assert outcome.emit.topic == TOUCHPOINTS
    assert outcome.emit.value is not None
    return msgspec.json.decode(outcome.emit.value, type=Touchpoint)


def test_the_observer_takes_every_touchpoint(moments: list[Moment]) -> None:
    """Nothing is refused, times stand as they were sent, and just the crawlers are taken for bots."""
    bots = set()
    for moment in moments:
        touchpoint = taken(moment)
        assert (touchpoint.message_id, touchpoint.at) == (moment.message_id, moment.at)
        if touchpoint.bot:
            bots.add(moment.person)
    assert bots == {person.index for person in SOME.people if person.kind == "bot"} != set()


def signal(moment: Moment) -> Signal:
    """A touchpoint as scoring reads it when identity keeps all of its identifiers."""
    touchpoint = taken(moment)
    event = read_event(touchpoint.body)
    identifiers = read_identifiers(event, RULES)
    assert not identifiers.ignored
    envelope = Envelope(
        kind=touchpoint.type,
        message_id=touchpoint.message_id,
        source=touchpoint.source,
        at=touchpoint.at,
        received_at=touchpoint.received_at,
        bot=touchpoint.bot,
        contacts=tuple(one for one in identifiers.kept if one.type in {"email", "phone"}),
    )
    return read_signal(event, envelope)


def test_contacts_have_one_normal_form(moments: list[Moment]) -> None:
    """However an address or a number is typed, it is its person's."""
    spellings: dict[str, set[str]] = {"email": set(), "phone": set()}
    for moment in moments:
        person = SOME.people[moment.person]
        for fields in (moment.event.get("properties", {}), moment.event.get("traits", {})):
            if "email" in fields:
                assert email_form(fields["email"]) == person.email
                spellings["email"].add(fields["email"])
            if "phone" in fields:
                assert phone_form(fields["phone"], "VN") == f"+84{person.phone}"
                spellings["phone"].add(re.sub(r"\d", "0", fields["phone"]))
    assert any(email != email.strip().lower() for email in spellings["email"])
    assert len(spellings["phone"]) >= 5


def stage_of(person: Person, moments: list[Moment]) -> str:
    """The stage that the shipped model gives somebody whose devices are all known, before sales does anything."""
    tally, standing = EMPTY, Standing()
    for moment in moments:
        read = signal(moment)
        matched = match(read, B2B)
        tally = add(tally, read, matched, B2B)
        standing = advance(standing, tally, B2B, trigger_of(read, matched, B2B)).standing
    assert standing.stage in DEPTHS, person
    return standing.stage


def test_people_get_as_far_as_planned() -> None:
    """The shipped model sees the funnel: who is planned an MQL becomes one, and hardly anybody else does."""
    population = Population(11, 700, 30)
    of: dict[int, list[Moment]] = {}
    for moment in population.timeline(END):
        of.setdefault(moment.person, []).append(moment)
    further = 0
    for person in population.people:
        stage = stage_of(person, of[person.index])
        if person.depth == "visitor":
            assert stage == "visitor"
        elif person.self_service:
            assert stage == "customer"
        elif person.depth == "lead":
            assert stage in {"lead", "mql"}
            further += stage == "mql"
        else:
            assert stage == "mql"
    assert further <= 2


def test_sales_works_on_those_who_are_planned_for_it() -> None:
    """Every MQL is called unless they order by themselves; a second run has the same actions with the same keys."""
    population = Population(5, 4_000, 30)
    plans = dict(population.sales())
    called = {person for person in population.people if person.reaches("mql") and not person.self_service}
    assert set(plans) == called
    for person, actions in plans.items():
        kinds = [action.body["type"] for action in actions]
        assert kinds[0] == "assign"
        assert "contact" in kinds
        assert ("accept" in kinds) == person.reaches("sql")
        assert (kinds.count("bant") == 2) == person.reaches("opportunity")
        assert (kinds[-1] == "won") == person.reaches("customer")
        assert all(action.body["actor"].startswith("sim-") for action in actions)
    keys = [action.key for actions in plans.values() for action in actions]
    assert len(set(keys)) == len(keys)
    assert list(population.sales()) == list(Population(5, 4_000, 30).sales())
    assert {"reject", "disqualify"} <= {action.body["type"] for actions in plans.values() for action in actions}
