"""When it happened."""

from datetime import datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadflow.core.time import DAY, SECOND, from_rfc3339, to_rfc3339
from leadflow.pipeline.ingest import times
from leadflow.pipeline.ingest.times import EARLIEST, event_time, read_instant

NOW = from_rfc3339("2026-11-21T18:33:16.947Z")
instants = st.integers(min_value=-(2**62), max_value=2**62)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_a_slow_clock_is_set_right_by_the_moment_of_sending() -> None:
    """A client that is an hour behind and sends five seconds after the fact: five seconds ago."""
    client = NOW - 3600 * SECOND
    assert event_time(NOW, client + 5 * SECOND, client) == NOW - 5 * SECOND


def test_without_a_moment_of_sending_the_clients_time_stands() -> None:
    """An import of last year's events keeps their times."""
    assert event_time(NOW, None, NOW - 365 * DAY) == NOW - 365 * DAY


def test_without_any_time_of_the_client_it_happened_when_it_came() -> None:
    """Neither a time nor one of sending says when: received_at does."""
    assert event_time(NOW, None, None) == NOW
    assert event_time(NOW, NOW - DAY, None) == NOW


def test_the_future_is_now() -> None:
    """A time after receiving clamps to it, stated or computed."""
    assert event_time(NOW, None, NOW + 1) == NOW
    assert event_time(NOW, NOW - DAY, NOW) == NOW


def test_before_1990_is_a_broken_clock() -> None:
    """An unset clock says 1970: receiving is a better guess."""
    assert event_time(NOW, None, EARLIEST - 1) == NOW
    assert event_time(NOW, NOW + 100 * 365 * DAY, NOW) == NOW
    assert event_time(NOW, None, EARLIEST) == EARLIEST


@given(instants | st.none(), instants | st.none())
def test_an_event_never_happens_after_it_was_received(sent_at: int | None, client_at: int | None) -> None:
    """Whatever the clocks say, the time lies between 1990 and receiving."""
    assert EARLIEST <= event_time(NOW, sent_at, client_at) <= NOW


@given(st.integers(0, 3600), instants.filter(lambda skew: abs(skew) < 10**11))
def test_the_clients_skew_cancels_out(age_s: int, skew: int) -> None:
    """How wrong a client's clock is does not matter as long as it says when it sent."""
    client_at = NOW + skew - age_s * SECOND
    assert event_time(NOW, client_at + age_s * SECOND, client_at) == NOW - age_s * SECOND


@given(st.integers(EARLIEST, NOW))
def test_every_rfc_3339_time_is_read_to_the_millisecond(instant: int) -> None:
    """What to_rfc3339 writes is read back."""
    assert read_instant(to_rfc3339(instant)) == instant


def test_the_sdks_ways_to_write_a_time_are_read() -> None:
    """Offsets, microseconds, no zone (UTC) and numbers since the epoch."""
    for text in ("2026-11-21T18:33:16.947Z", "2026-11-22T01:33:16.947123+07:00", "2026-11-21T18:33:16.947", NOW):
        assert read_instant(text) == NOW, text
    assert read_instant(NOW // SECOND) == NOW // SECOND * SECOND


@given(anything)
def test_what_is_no_time_is_absent(value: object) -> None:
    """Anything at all is either a plausible instant or None; nothing is raised."""
    instant = read_instant(value)
    assert instant is None or instant >= EARLIEST


def test_an_unset_time_of_sending_counts_as_absent() -> None:
    """Go's zero time and the epoch are no moments of sending."""
    for value in ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 0, "", "yesterday", True, float("nan"), float("inf")):
        assert read_instant(value) is None, value


@settings(deadline=None)  # a busy machine is no mistake
@given(
    st.datetimes(), st.sampled_from(("%FT%T.{:03d}Z", "%FT%T.{:03d}", "%F %T.{:03d}Z", "%Y%m%dT%T.5.{:03d}Z", "%FT%TZ"))
)
@example(datetime.fromisoformat("2026-11-21T18:33:16.947"), "%FT%T.{:03d}Z")
def test_what_browsers_write_is_read_as_any_other_time_is(moment: datetime, spelling: str) -> None:
    """Knowing the second already makes no difference, whatever stands around it."""
    text = moment.strftime(spelling).format(moment.microsecond // 1000)
    try:
        instant = from_rfc3339(text)
    except ValueError:
        instant = -1
    assert read_instant(text) == (instant if instant >= EARLIEST else None)


def test_memory_of_seconds_has_an_end() -> None:
    """However many different ones come, no more than some are remembered, and none is read wrong for it."""
    for second in range(0, 5_000 * SECOND, SECOND):
        assert read_instant(to_rfc3339(NOW + second)) == NOW + second
    assert len(times._SECONDS) <= 4_096  # its bound is the point
