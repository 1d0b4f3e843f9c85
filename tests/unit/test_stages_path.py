"""The path of stages: each row of the table, when it is entered, and what a change says about it."""

import pytest
from unit.leads import B2B, EMAIL, NOON, PHONE, Story, act, identify, page, score_of, tally_of, track

from leadflow.core.scoring.explain import criteria, next_stage
from leadflow.core.scoring.flags import flags, route
from leadflow.core.scoring.model import POINT
from leadflow.core.scoring.stages import Standing, Trigger, stage_since
from leadflow.core.time import DAY, HOUR, MINUTE
from leadflow.core.touchpoint import Signal

OPT_IN = {"email": True}


def engaged(at: int = NOON) -> list[Signal]:
    """57 points of engagement, without a hand-raise."""
    return [
        track("Trial Started", at, contacts=(EMAIL,)),
        *(page("/pricing", at) for _ in range(2)),
    ]


def test_a_visitor_is_no_change() -> None:
    """Anonymous page views leave a visitor with sequence 0, since the first touch."""
    story = Story().tell(page("/pricing", NOON), page("/", NOON - HOUR))
    assert (story.standing.stage, story.standing.sequence, story.changes) == ("visitor", 0, [])
    assert stage_since(story.standing, story.tally) == NOON - HOUR
    assert stage_since(Standing(), tally_of([])) is None


@pytest.mark.parametrize("event", sorted(B2B.events.conversion - B2B.events.hand_raise))
def test_a_contact_and_a_conversion_make_a_lead(event: str) -> None:
    """Every conversion does, with an e-mail or a phone."""
    assert Story().tell(track(event, contacts=(EMAIL,))).stages == ["lead"]
    assert Story().tell(track(event), identify(contacts=(PHONE,))).stages == ["lead"]


def test_a_contact_or_a_conversion_alone_makes_none() -> None:
    """Half of it is named as missing."""
    contact = Story().tell(identify(contacts=(EMAIL,)))
    assert contact.stages == []
    following = next_stage(contact.standing, contact.tally, B2B, score_of([], NOON))
    assert following.stage == "lead"
    assert following.missing == ("A conversion, such as a form, a sign-up or a download",)
    assert Story().tell(track("Form Submitted")).stages == []


def test_each_stage_passed_is_a_change_of_its_own() -> None:
    """A first visit with a demo request: lead 1, mql 2, by the same trigger."""
    demo = track("Demo Requested", contacts=(EMAIL,))
    story = Story().tell(demo)
    assert [(change.sequence, change.from_stage, change.to_stage, change.at) for change in story.changes] == [
        (1, "visitor", "lead", NOON),
        (2, "lead", "mql", NOON),
    ]
    assert {change.trigger for change in story.changes} == {
        Trigger(message_id=demo.message_id, rule="hand_raise", at=NOON)
    }


def test_engagement_grade_and_opt_in_make_an_mql() -> None:
    """All three; 50 points suffice."""
    assert Story().tell(*engaged()).stages == ["lead"]
    assert Story().tell(*engaged(), identify(consents=OPT_IN)).stages == ["lead", "mql"]
    poor = identify(consents=OPT_IN, traits={"title": "Intern"})
    assert Story().tell(*engaged(), poor).stages == ["lead"]
    little = [track("Trial Started", contacts=(EMAIL,)), page("/pricing"), identify(consents=OPT_IN)]
    assert Story().tell(*little).stages == ["lead"]


def test_a_hand_raise_needs_no_opt_in_but_a_contact() -> None:
    """Without a contact it waits for one."""
    story = Story().tell(track("Quote Requested"))
    assert story.stages == []
    assert story.tell(identify(contacts=(PHONE,))).stages == ["lead", "mql"]


@pytest.mark.parametrize(
    ("quality", "stages"), [("partner", ["lead", "mql"]), ("bought", ["lead"]), ("scraped", ["lead"])]
)
def test_bought_contacts_become_no_mql(quality: str, stages: list[str]) -> None:
    """Not even by a hand-raise."""
    assert Story().tell(track("Demo Requested", contacts=(EMAIL,), quality=quality)).stages == stages


def test_a_bounced_address_blocks_unless_there_is_a_phone_or_a_later_answer() -> None:
    """An address that does not work is no contact."""
    bounced = [identify(contacts=(EMAIL,)), track("Email Bounced"), track("Demo Requested", NOON + 1)]
    assert Story().tell(*bounced).stages == ["lead"]
    assert Story().tell(*bounced, identify(NOON + 2, contacts=(PHONE,))).stages == ["lead", "mql"]
    assert Story().tell(*bounced, track("Email Clicked", NOON + 2)).stages == ["lead", "mql"]


@pytest.mark.parametrize("event", sorted(B2B.events.purchase))
def test_a_purchase_goes_straight_to_customer(event: str) -> None:
    """From any stage, in one change."""
    assert Story().tell(track(event)).stages == ["customer"]
    assert Story().tell(track("Demo Requested", contacts=(EMAIL,)), track(event)).stages[-1] == "customer"


@pytest.mark.parametrize("action", ["reject", "disqualify", "lost"])
def test_a_purchase_ends_a_detour(action: str) -> None:
    """Whatever sales thought of the lead."""
    story = Story().tell(track("Demo Requested", contacts=(EMAIL,)))
    if action == "lost":
        story.tell(act("accept", NOON + 1))
    story.tell(act(action, NOON + 2), track("Order Completed", NOON + 3))
    assert story.stages[-2:] == [{"reject": "recycled", "disqualify": "disqualified"}.get(action, "lost"), "customer"]


def test_the_story() -> None:
    """Lead, MQL, SQL, opportunity, customer: sequence 1 to 5, each explained, each sum exact."""
    story = Story().tell(
        page("/", NOON),
        page("/pricing", NOON + MINUTE),
        track("Form Submitted", NOON + 2 * MINUTE, contacts=(EMAIL, PHONE), traits={"name": "Lan", "title": "CEO"}),
        track("Demo Requested", NOON + 3 * MINUTE),
        act("accept", NOON + 4 * MINUTE),
        act("bant", NOON + 5 * MINUTE, budget={"met": True}, authority={"value": "decides"}, need={}),
        act("bant", NOON + 6 * MINUTE, timing={"met": True}),
        track("Order Completed", NOON + 7 * MINUTE),
    )
    assert story.stages == ["lead", "mql", "sql", "opportunity", "customer"]
    assert [change.sequence for change in story.changes] == [1, 2, 3, 4, 5]
    assert [change.trigger.rule for change in story.changes] == ["form", "hand_raise", "accept", "bant", "purchase"]
    for change in story.changes:
        assert change.score.as_of == change.at
        assert sum(share.points for share in change.score.contributions) == change.score.total
    mql = story.changes[1]
    assert ("A hand-raise, such as a demo request", True) in mql.criteria
    assert ("Opted in to a channel", False) in mql.criteria
    assert mql.next == ("sql", ("Sales accepts the lead",))
    assert story.changes[2].next == (
        "opportunity",
        ("The budget is known and sufficient", "The person has the authority to decide", "The need is known",
         "The timing is known"),
    )  # fmt: skip
    assert story.changes[4].next == (None, ())


def test_unmet_bant_facts_hold_an_opportunity_back() -> None:
    """All four have to be met; the last word on each counts."""
    facts = {"budget": True, "authority": True, "need": True}
    story = Story().tell(
        track("Demo Requested", contacts=(EMAIL,)),
        act("accept", NOON + 1),
        act("bant", NOON + 2, **facts, timing={"met": False}),
    )
    assert story.stages[-1] == "sql"
    assert story.tell(act("bant", NOON + 3, timing={"met": True, "value": "this year"})).stages[-1] == "opportunity"


def test_a_change_is_never_dated_before_the_one_before_it() -> None:
    """A late event moves the lead at the time of the last change."""
    story = Story().tell(
        track("Form Submitted", NOON, contacts=(EMAIL,)), track("Demo Requested", NOON - DAY, contacts=(EMAIL,))
    )
    assert [(change.to_stage, change.at) for change in story.changes] == [("lead", NOON), ("mql", NOON)]


def test_a_late_event_decides_as_of_the_leads_clock_if_not_of_its_own_time() -> None:
    """Engagement that was not there yet at the time of a late event counts at the latest time seen."""
    story = Story().tell(
        track("Form Submitted", NOON - 3 * DAY, contacts=(EMAIL,)),
        page("/pricing", NOON),
        track("Trial Started", NOON),
        page("/pricing", NOON),
        identify(NOON - 2 * DAY, consents=OPT_IN),
    )
    assert story.stages == ["lead", "mql"]
    assert story.changes[1].at == NOON
    assert story.changes[1].trigger.at == NOON - 2 * DAY


def test_a_conversion_dates_a_lead_by_its_own_time() -> None:
    """A late form makes a lead as of the form, not as of what came later."""
    story = Story().tell(identify(NOON, contacts=(EMAIL,)), track("Form Submitted", NOON - DAY))
    assert [change.at for change in story.changes] == [NOON - DAY]


def test_a_repeated_record_changes_nothing() -> None:
    """Deciding again on what is known already gives no change."""
    demo = track("Demo Requested", contacts=(EMAIL,))
    story = Story().tell(demo)
    again = story.decide(Trigger(message_id=demo.message_id, rule="hand_raise", at=demo.at))
    assert again.changes == ()


def test_the_stage_at_a_past_time_comes_from_the_history() -> None:
    """`stage_at` follows the published changes."""
    story = Story().tell(
        track("Form Submitted", NOON, contacts=(EMAIL,)), track("Demo Requested", NOON + DAY), page("/", NOON + 2 * DAY)
    )
    found = [story.standing.stage_at(NOON + hours * HOUR) for hours in (-1, 0, 23, 24, 99)]
    assert found == ["visitor", "lead", "lead", "mql", "mql"]
    assert Standing().stage_at(NOON) == "visitor"


def test_criteria_of_a_stage_can_be_asked_for() -> None:
    """Those of the stage that the lead is in, and those of any other."""
    story = Story().tell(track("Form Submitted", contacts=(EMAIL,)), track("Demo Requested", NOON + DAY))
    assert all(met for _, met in criteria(story.standing, story.tally, B2B, NOON, "lead"))
    assert criteria(story.standing, story.tally, B2B, NOON, "visitor") == ()
    assert ("A hand-raise, such as a demo request", True) in criteria(story.standing, story.tally, B2B, NOON + DAY)
    assert ("A hand-raise, such as a demo request", False) in criteria(story.standing, story.tally, B2B, NOON)
    assert criteria(story.standing, story.tally, B2B, NOON, "sql") == (("Sales accepts the lead", True),)
    assert criteria(story.standing, story.tally, B2B, NOON, "recycled") == (("Sales gives the lead back", True),)


def test_missing_names_the_shortest_way() -> None:
    """Of two ways to an mql the one with less to do is told."""
    story = Story().tell(*engaged())
    score = score_of(engaged())
    assert next_stage(story.standing, story.tally, B2B, score).missing == ("Opted in to a channel",)


def test_three_days_of_use_on_a_trial_are_a_product_qualified_lead() -> None:
    """Two days are not, nor are three without a trial or a free plan."""
    use = [track("Feature Used", NOON + day * DAY) for day in range(3)]
    trial, plan = track("Trial Started", NOON), identify(traits={"plan": "Free"})
    end = NOON + 2 * DAY
    assert flags(tally_of([*use, trial]), B2B, end) == ("pql",)
    assert flags(tally_of([*use, plan]), B2B, end) == ("pql",)
    assert flags(tally_of([*use[:2], trial]), B2B, end) == ()
    assert flags(tally_of(use), B2B, end) == ()
    assert flags(tally_of([*use, trial, track("Trial Ended", NOON + DAY)]), B2B, end) == ()
    assert flags(tally_of([*use, trial]), B2B, NOON + 15 * DAY) == ()


def test_a_prospect_fits_shows_two_kinds_of_intent_and_has_talked() -> None:
    """Each of the three is needed."""
    intent = [page("/pricing"), track("Demo Requested")]
    talked = act("contact", outcome="conversation")
    assert flags(tally_of([*intent, talked]), B2B, NOON) == ("prospect",)
    assert flags(tally_of([intent[0], intent[0], talked]), B2B, NOON) == ()
    assert flags(tally_of([*intent, act("contact", outcome="no_answer")]), B2B, NOON) == ()
    assert flags(tally_of([*intent, talked, identify(traits={"title": "Intern"})]), B2B, NOON) == ()
    assert flags(tally_of([*intent, talked]), B2B, NOON + 20 * DAY) == ()


@pytest.mark.parametrize(
    ("stage", "signals", "expected"),
    [
        ("mql", [], "sales"),
        ("customer", [], "sales"),
        ("lead", engaged(), "sales"),
        ("lead", [], "nurture"),
        ("recycled", [], "nurture"),
        ("lead", [identify(traits={"title": "Intern"})], "none"),
        ("visitor", [], "none"),
        ("disqualified", engaged(), "none"),
    ],
)
def test_routes_follow_stage_fit_and_engagement(stage: str, signals: list[Signal], expected: str) -> None:
    """Sales for mql and above or fit with engagement, nurture for fit without, else none."""
    assert route(stage, score_of(signals)) == expected


def test_the_limits_of_the_engaged_lead_above() -> None:
    """The builder of these tests is worth what it says."""
    assert score_of(engaged()).engagement == 57 * POINT
