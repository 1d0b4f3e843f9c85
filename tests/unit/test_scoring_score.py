"""The score: the formula to within the documented bound, parts that add up exactly, caps, clamps, quality, fit."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict
from unit import formula
from unit.leads import B2B, EMAIL, NOON, PHONE, identify, page, score_of, tally_of, track

from leadflow.core.scoring.evaluate import Score, appraise, evaluate
from leadflow.core.scoring.model import POINT
from leadflow.core.time import DAY, HOUR, from_rfc3339
from leadflow.core.touchpoint import Identifier, Signal

times = st.integers(min_value=NOON - 60 * DAY, max_value=NOON)
near_times = st.integers(min_value=NOON - 2 * DAY, max_value=NOON).map(lambda at: at // HOUR * HOUR)
paths = st.sampled_from([*formula.PAGES, "/", "/about"])
events = st.sampled_from(
    [event for event in formula.EVENTS if event not in B2B.events.conversion or event in formula.CONVERSIONS]
)
qualities = st.sampled_from([None, None, "opt_in", "partner", "scraped"])
stays = st.sampled_from([{}, {"duration_s": 59}, {"duration_s": 60}, {"duration_s": 300.5}])
engaging = st.lists(
    st.one_of(
        st.builds(page, paths, times | near_times, properties=stays, quality=qualities),
        st.builds(track, events, times | near_times, quality=qualities),
    ),
    max_size=40,
)
knowing = st.lists(
    st.builds(
        identify,
        times,
        traits=st.dictionaries(
            st.sampled_from(["title", "company_size", "country", "name", "need"]),
            st.sampled_from(["CEO", "Manager", "Intern", "VN", 20, 700, 5000]),
        ),
        contacts=st.sampled_from([(), (EMAIL,), (EMAIL, PHONE)]),
    ),
    max_size=3,
)
instants = st.integers(min_value=NOON - 61 * DAY, max_value=NOON + 200 * DAY)


def shares(score: Score) -> dict[str, int]:
    """Micro-points by item."""
    return {share.rule: share.points for share in score.contributions}


@settings(max_examples=60, deadline=None)
@given(engaging, instants)
def test_engagement_agrees_with_the_formula_in_decimals(signals: list[Signal], as_of: int) -> None:
    """To within a hundred-thousandth of a point, whatever the set and the instant."""
    score = score_of(signals, as_of)
    assert abs(Decimal(score.engagement) / POINT - formula.engagement(signals, as_of)) <= Decimal("0.00001")


@settings(max_examples=60, deadline=None)
@given(engaging, knowing, instants)
def test_contributions_add_up_exactly(signals: list[Signal], known: list[Signal], as_of: int) -> None:
    """Every micro-point of the total is explained, each item once, and none is zero."""
    score = score_of([*signals, *known], as_of)
    assert sum(share.points for share in score.contributions) == score.total
    assert score.total == max(0, score.engagement + score.fit + score.completeness)
    assert all(share.points for share in score.contributions)
    assert len({share.rule for share in score.contributions}) == len(score.contributions)


@settings(max_examples=30, deadline=None)
@given(engaging, knowing, instants, st.randoms(use_true_random=False))
def test_a_score_is_free_of_order(signals: list[Signal], known: list[Signal], as_of: int, random: object) -> None:
    """Any permutation gives an equal score, explanation included."""
    everything = [*signals, *known]
    shuffled = everything[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score_of(shuffled, as_of) == score_of(everything, as_of)


@settings(max_examples=60, deadline=None)
@given(engaging, knowing, instants)
def test_the_worth_is_the_score_without_its_explanation(signals: list[Signal], known: list[Signal], as_of: int) -> None:
    """The short evaluation and the full one agree to the last bit."""
    tally = tally_of([*signals, *known])
    worth, score = appraise(tally, B2B, as_of), evaluate(tally, B2B, as_of)
    assert {name: getattr(score, name) for name in worth.__struct_fields__} == asdict(worth)


def test_nothing_known_is_neutral() -> None:
    """An empty tally is worth nothing, cold, and of grade B."""
    score = score_of([])
    assert (score.total, score.grade, score.temperature, score.contributions) == (0, "B", "cold", ())


def test_points_halve_exactly_after_a_half_life() -> None:
    """A demo request is worth 40, 20 and 10 at 0, 7 and 14 days."""
    demo = [track("Demo Requested")]
    assert [score_of(demo, NOON + days * DAY).engagement for days in (0, 7, 14)] == [
        40 * POINT, 20 * POINT, 10 * POINT,
    ]  # fmt: skip


def test_age_runs_from_the_start_of_the_hour() -> None:
    """A touchpoint late in an hour is as old as one at its start, and counts as soon as the hour starts."""
    late = [track("Demo Requested", NOON + HOUR - 1)]
    assert score_of(late, NOON).engagement == 40 * POINT
    assert score_of(late, NOON - 1).engagement == 0
    assert score_of(late, NOON + 7 * DAY).engagement == 20 * POINT
    assert score_of(late, NOON + 7 * DAY).contributions[0].age_ms == 7 * DAY


def test_caps_count_the_earliest_of_a_day() -> None:
    """Of seven page views on one day five count, the earlier ones."""
    views = [page(at=NOON + hour * HOUR) for hour in range(7)]
    score = score_of(views, NOON + 7 * HOUR)
    assert score.contributions[0].count == 5
    assert score.contributions[0].age_ms == 3 * HOUR
    assert score_of(views, NOON + HOUR).contributions[0].count == 2


def test_caps_are_by_the_day_of_vietnam() -> None:
    """A day ends at 17:00 UTC, whatever the UTC date says."""
    midnight = from_rfc3339("2026-11-02T17:00:00Z")
    same_day = [track("Demo Requested", from_rfc3339("2026-11-01T17:00:00Z")), track("Demo Requested", midnight - 1)]
    next_day = [track("Demo Requested", midnight - 1), track("Demo Requested", midnight)]
    assert score_of(same_day, midnight).contributions[0].count == 1
    assert score_of(next_day, midnight).contributions[0].count == 2


def test_clamps_are_items_of_their_own() -> None:
    """Interest ends at 60, and what lies above is listed as taken away."""
    busy = [page("/blog", NOON + hour * HOUR - day * DAY) for day in range(12) for hour in range(5)]
    score = score_of(busy, NOON + 5 * HOUR)
    assert score.engagement == 60 * POINT
    assert shares(score)["clamp:interest"] == 60 * POINT - sum(
        points for rule, points in shares(score).items() if rule != "clamp:interest"
    )
    assert shares(score)["clamp:interest"] < 0


def test_the_total_never_falls_below_zero() -> None:
    """What lies below is listed as the floor; the parts keep their sign."""
    score = score_of([page("/careers"), identify(traits={"title": "Intern"})])
    assert (score.total, score.fit) == (0, -30 * POINT)
    assert score.engagement == -9 * POINT
    assert shares(score)["floor"] == 39 * POINT


@pytest.mark.parametrize(("quality", "points"), [("opt_in", 40), ("partner", 28), ("bought", 8), ("scraped", 8)])
def test_source_quality_multiplies_engagement(quality: str, points: int) -> None:
    """And what it takes away is an item of its own."""
    score = score_of([track("Demo Requested", quality=quality)])
    assert score.engagement == points * POINT
    assert shares(score).get("source_quality", 0) == (points - 40) * POINT


def test_the_product_with_the_quality_is_rounded_to_the_nearest() -> None:
    """Half a micro-point and more is a whole one."""
    demo, partner = track("Demo Requested"), track("Demo Requested", quality="partner")
    for hours in range(1, 40):
        whole, part = (score_of([one], NOON + hours * HOUR).engagement for one in (demo, partner))
        assert abs(part * 10 - whole * 7) <= 5


def test_quality_is_the_worst_up_to_the_first_conversion() -> None:
    """What is stated after the first conversion does not matter; before any, the worst so far does."""
    page_view = page(at=NOON - HOUR, quality="partner")
    demo = track("Demo Requested", NOON, quality="opt_in")
    later = page(at=NOON + HOUR, quality="bought")
    assert shares(score_of([page_view], NOON - HOUR))["source_quality"] == -POINT * 3 // 10
    assert score_of([page_view, demo, later], NOON + HOUR) == score_of(
        [page_view, demo, page(at=NOON + HOUR)], NOON + HOUR
    )
    assert score_of([page_view, demo], NOON).engagement < score_of([page(at=NOON - HOUR), demo], NOON).engagement


@pytest.mark.parametrize(
    ("title", "points"),
    [
        ("Founder", 30), ("Co-Founder & CTO", 30), ("CEO", 30), ("Chief Revenue Officer", 30), ("Owner", 30),
        ("Sales Director", 30), ("Giám đốc kinh doanh", 30), ("Giam doc", 30), ("Tổng giám đốc", 30),
        ("Phó Giám Đốc", 30), ("Chủ doanh nghiệp", 30), ("Vice President", 30),
        ("Head of Sales", 20), ("Marketing manager", 20), ("Trưởng phòng Marketing", 20), ("Quản lý", 20),
        ("Engineer", 5), ("Product Owner", 5), ("Trợ lý giám đốc", 5), ("International sales", 5), ("Kế toán", 5),
        ("Student", -30), ("Marketing Intern", -30), ("Sinh viên năm 3", -30), ("Thực tập sinh", -30),
        ("Intern to the director", -30),
    ],
)  # fmt: skip
def test_titles_are_worth_one_tier(title: str, points: int) -> None:
    """The first tier that fits counts, in English and Vietnamese, with or without accents."""
    assert score_of([identify(traits={"title": title})]).fit == points * POINT


@pytest.mark.parametrize(
    ("size", "points"),
    [(9, 0), (10, 10), ("49", 10), ("50-200", 20), (999, 20), (1000, 15), ("1,000+", 15), ("unknown", 0)],
)
def test_company_sizes_are_worth_one_tier(size: object, points: int) -> None:
    """Middle-sized companies fit best."""
    assert score_of([identify(traits={"company_size": size})]).fit == points * POINT


@pytest.mark.parametrize(
    ("address", "points"), [("a@acme.vn", 10), ("a@gmail.com", 0), ("a@yahoo.com.vn", 0), ("a@mail.hn.vnn.vn", 0)]
)
def test_an_address_at_a_company_is_worth_more(address: str, points: int) -> None:
    """Free mail is nobody's company."""
    assert score_of([identify(contacts=(Identifier("email", address),))]).fit == points * POINT


@pytest.mark.parametrize(
    ("traits", "grade"),
    [
        ({"title": "CEO", "company_size": 20}, "A"),
        ({"title": "CEO", "country": "Việt Nam"}, "B"),
        ({}, "B"),
        ({"title": "Student", "company_size": 20}, "C"),
        ({"title": "Student", "country": "VN"}, "D"),
        ({"title": "Student"}, "D"),
    ],
)
def test_grades_begin_at_their_limits(traits: dict[str, object], grade: str) -> None:
    """A from 40, B from 0, C from -20, D below."""
    assert score_of([identify(traits=traits)]).grade == grade


def test_completeness_is_two_three_three_four_of_twenty() -> None:
    """Each known part adds its weight; a full form is worth exactly 20."""
    parts = {
        "name": identify(traits={"first_name": "Lan"}), "phone": identify(contacts=(PHONE,)),
        "email": identify(contacts=(EMAIL,)), "need": track("Form Submitted", traits={"need": "more leads"}),
    }  # fmt: skip
    alone = {name: score_of([signal]).completeness for name, signal in parts.items()}
    assert alone == {"name": 3_333_333, "phone": 5_000_000, "email": 5_000_000, "need": 6_666_667}
    assert score_of(parts.values()).completeness == 20 * POINT
    assert evaluate(tally_of(parts.values()), B2B, NOON).contributions[-1].rule == "completeness"
