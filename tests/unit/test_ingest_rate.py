"""How many events a write key may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.pipeline.ingest.rate import Bucket, take


def test_two_seconds_of_events_may_come_at_once() -> None:
    """Then the next one waits until there is room for it."""
    bucket, wait = take(None, 20, 0, 10.0)
    assert wait is None
    bucket, wait = take(bucket, 1, 0, 10.0)
    assert wait == pytest.approx(0.1)
    assert take(bucket, 1, 100, 10.0)[1] is None


def test_a_batch_above_the_burst_passes_on_credit() -> None:
    """It would never pass otherwise; what follows pays for it."""
    bucket, wait = take(None, 100, 0, 10.0)
    assert wait is None
    assert take(bucket, 1, 1000, 10.0)[1] == pytest.approx(7.1)
    assert take(bucket, 1, 8200, 10.0)[1] is None


def test_a_clock_set_back_gives_nothing_away() -> None:
    """Neither tokens nor an error."""
    bucket, _ = take(None, 20, 10_000, 10.0)
    assert take(bucket, 1, 0, 10.0)[1] is not None


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 500)), max_size=60), st.floats(1, 100))
def test_no_more_passes_than_burst_rate_and_one_batch(sends: list[tuple[int, int]], rate: float) -> None:
    """Over any time: the burst, the rate times the time, and at most one batch of credit."""
    bucket: Bucket | None = None
    now = passed = 0
    for events, pause in sends:
        now += pause
        bucket, wait = take(bucket, events, now, rate)
        assert wait is None or wait > 0
        passed += events if wait is None else 0
    assert passed <= rate * (2 + now / 1000) + 50 + 1e-6
