"""Counts that Prometheus reads later."""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from leadflow.tally import Spread, Tally

disable_created_metrics()  # type: ignore[no-untyped-call]  # as leadflow.metrics does


def test_a_tally_shows_what_a_counter_would() -> None:
    """The same text on /metrics, with labels and without."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tally("requests_total", "Requests.", ["path", "status"], ours)
    plain = Tally("bytes_total", "Bytes.", registry=ours)
    counter = Counter("requests_total", "Requests.", ["path", "status"], registry=theirs)
    bare = Counter("bytes_total", "Bytes.", registry=theirs)
    assert generate_latest(ours) == generate_latest(theirs)
    for path, status, number in (("/a", "200", 2), ("/b", "200", 1), ("/a", "200", 3), ('/"\\', "404", 1)):
        tally.add(number, path, status)
        counter.labels(path, status).inc(number)
    plain.add(7)
    bare.inc(7)
    assert generate_latest(ours) == generate_latest(theirs)


def test_a_spread_shows_what_a_histogram_would() -> None:
    """A bound belongs to its bucket; what is above the last one counts as infinity; the sum is kept."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    bounds = (0.001, 0.5, 1.0, 10.0)
    spread = Spread("seconds", "Seconds.", bounds, ours)
    histogram = Histogram("seconds", "Seconds.", buckets=bounds, registry=theirs)
    for value in (0.0, 0.001, 0.25, 0.5, 0.75, 10.0, 11.0):
        spread.observe(value)
        histogram.observe(value)
    assert generate_latest(ours) == generate_latest(theirs)
