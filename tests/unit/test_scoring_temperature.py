"""Temperature: looking back to the nearest deciding hour equals the whole run forward."""

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.leads import B2B, NOON, page, score_of, tally_of, track

from leadflow.core.scoring.buckets import counted
from leadflow.core.scoring.engagement import engagement_at
from leadflow.core.scoring.model import POINT
from leadflow.core.scoring.score import Temperature
from leadflow.core.scoring.tally import Tally
from leadflow.core.scoring.temperature import decided, next_temperature, temperature_at
from leadflow.core.time import DAY, HOUR
from leadflow.core.touchpoint import Signal

LIMITS = B2B.temperatures


def forward(values: list[int]) -> Temperature:
    """The hysteresis as SEMANTICS tells it: warm from 25, hot from 60, back at 20 and 50."""
    now: Temperature = "cold"
    for value in values:
        if value >= 60 * POINT:
            now = "hot"
        elif now == "hot" and value < 50 * POINT:
            now = "warm" if value >= 20 * POINT else "cold"
        elif now == "warm" and value < 20 * POINT:
            now = "cold"
        elif now == "cold" and value >= 25 * POINT:
            now = "warm"
    return now


values_of_engagement = st.integers(min_value=10, max_value=70).map(lambda points: points * POINT)


@given(
    st.lists(values_of_engagement, min_size=1, max_size=60),
    st.integers(min_value=1, max_value=HOUR - 1),
    st.none() | values_of_engagement,
)
def test_looking_back_equals_the_run_forward(grid: list[int], beyond: int, last: int | None) -> None:
    """For any course of engagement over the hours, and any instant within the last one."""
    course = {NOON + hour * HOUR: points for hour, points in enumerate(grid)}
    as_of = max(course)
    if last is not None:
        as_of += beyond
        course[as_of] = last
    assert temperature_at(course.__getitem__, NOON, as_of, LIMITS) == forward(list(course.values()))


@given(st.integers(min_value=-5 * POINT, max_value=70 * POINT), st.sampled_from(["cold", "warm", "hot"]))
def test_what_decides_alone_does_not_ask_what_was_before(points: int, before: Temperature) -> None:
    """Where an engagement tells the temperature by itself, the hysteresis says the same from everywhere."""
    alone = decided(points, LIMITS)
    assert alone in {None, next_temperature(before, points, LIMITS)}
    assert (alone is None) == (20 * POINT <= points < 25 * POINT or 50 * POINT <= points < 60 * POINT)


heating = st.lists(
    st.one_of(
        st.builds(track, st.sampled_from(["demo requested", "trial started", "form submitted", "negative feedback"]),
                  st.integers(min_value=NOON - 20 * DAY, max_value=NOON)),
        st.builds(page, st.sampled_from(["/pricing", "/"]), st.integers(min_value=NOON - 20 * DAY, max_value=NOON)),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(heating, st.integers(min_value=NOON - 21 * DAY, max_value=NOON + 20 * DAY))
def test_a_leads_temperature_equals_the_run_forward(signals: list[Signal], as_of: int) -> None:
    """Over the grid from the first bucket to the instant, then the instant itself."""
    tally = tally_of(signals)
    start = min((hour for hours in tally.counts.values() for hour in hours), default=0) * HOUR
    grid = list(range(start, as_of + 1, HOUR)) if signals else []
    assert score_of(signals, as_of).temperature == forward([_engagement(tally, at) for at in [*grid, as_of]])


def _engagement(tally: Tally, as_of: int) -> int:
    return engagement_at(counted(tally, B2B), tally, B2B, as_of)


def test_a_lead_stays_hot_until_it_cools_below_fifty() -> None:
    """Hysteresis: 65 points are hot, still hot at 52, warm at 49, cold below 20."""
    demo_and_trial = [track("Demo Requested"), track("Trial Started")]
    assert score_of(demo_and_trial).temperature == "hot"
    assert score_of(demo_and_trial, NOON + 2 * DAY).temperature == "hot"
    assert score_of(demo_and_trial, NOON + 3 * DAY).temperature == "warm"
    assert score_of(demo_and_trial, NOON + 11 * DAY).temperature == "warm"
    assert score_of(demo_and_trial, NOON + 12 * DAY).temperature == "cold"


def test_warming_up_needs_twenty_five() -> None:
    """24 points leave a lead cold that has never been warm."""
    assert score_of([page("/pricing"), track("Form Submitted")]).temperature == "cold"
    assert score_of([page("/pricing"), track("Form Submitted"), page("/")]).temperature == "warm"
