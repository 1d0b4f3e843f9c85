"""What `leadflow init` decides about topics, without a broker."""

from dataclasses import replace

import pytest

from leadflow.adapters.topic_plan import DAY_MS, RETENTION, Desired, Found, Weight, desired, plan
from leadflow.contracts.topics import TOPICS


def wanted(partitions: int = 4, *, given: bool = True, brokers: int = 3) -> list[Desired]:
    """Return the topics as somebody has set them."""
    return desired(TOPICS, "p.", partitions=partitions, given=given, copies=None, brokers=brokers)


def made(topics: list[Desired]) -> dict[str, Found]:
    """Return the cluster after `init` has created them."""
    return {
        one.name: Found(one.name, one.at_first, one.copies, {**one.config, "segment.ms": "1"}, one.config)
        for one in topics
    }


def test_everything_is_created_where_nothing_is() -> None:
    """Seven topics with the prefix; copies and in-sync copies follow the number of brokers."""
    made_of = plan(wanted(), {})
    assert {one.name: one.at_first for one in made_of.create} == {
        "p.touchpoints": 4,
        "p.identity": 1,
        "p.resolved": 4,
        "p.lead-scores": 4,
        "p.stage-changes": 4,
        "p.lead-alerts": 4,
        "p.rejected": 4,
    }
    by_name = {one.topic: one for one in made_of.create}
    assert {one.copies for one in made_of.create} == {3}
    assert by_name["resolved"].config["min.insync.replicas"] == "2"
    assert by_name["resolved"].config[RETENTION] == str(7 * DAY_MS)
    assert by_name["lead-scores"].config["cleanup.policy"] == "compact"
    assert RETENTION not in by_name["lead-scores"].config
    assert {one.copies for one in wanted(brokers=1)} == {1}
    assert {one.config["min.insync.replicas"] for one in wanted(brokers=1)} == {"1"}


def test_there_is_nothing_to_do_a_second_time() -> None:
    """Idempotent, whether the count is given again or left out."""
    found = made(wanted())
    for again in (wanted(), wanted(given=False), wanted(partitions=9, given=False)):
        second = plan(again, found, apply=True)
        assert (second.create, second.grow, second.configure, second.differences) == ([], {}, {}, [])


def test_another_count_for_what_is_fixed_is_fatal_and_never_done() -> None:
    """Neither more nor fewer partitions of `resolved`, with whatever options; the advice names the way out."""
    for count in (2, 8):
        differs = plan(wanted(count), made(wanted(4)), grow={"resolved": count}, apply=True)
        assert not differs.grow
        [fatal] = differs.fatal
        assert (fatal.topic, fatal.found, fatal.desired) == ("p.resolved", "4", str(count))
        assert "LEADFLOW_PARTITIONS=4" in fatal.advice
    grown = {**made(wanted()), "p.identity": Found("p.identity", 2, 3)}
    assert [difference.topic for difference in plan(wanted(), grown).fatal] == ["p.identity"]


def test_touchpoints_grow_only_when_asked_by_name() -> None:
    """More partitions move keys: the setting alone tells of it, the option does it, and nothing shrinks."""
    found = made(wanted(4))
    told = {difference.topic: difference for difference in plan(wanted(8), found).differences}
    assert "--grow touchpoints=8" in told["p.touchpoints"].advice
    assert told["p.touchpoints"].weight is Weight.TOLD
    assert plan(wanted(4), found, grow={"touchpoints": 8}).grow == {"p.touchpoints": 8}
    fewer = plan(wanted(4), found, grow={"touchpoints": 2})
    assert not fewer.grow
    assert "never taken away" in fewer.differences[0].advice


def test_settings_are_told_and_put_right_only_when_asked() -> None:
    """A longer retention is set by --apply, together with what others have set; a shorter one never."""
    found = made(wanted())
    resolved = found["p.resolved"]
    month = [
        replace(one, config={**one.config, RETENTION: str(30 * DAY_MS)}) if one.topic == "resolved" else one
        for one in wanted()
    ]
    [told] = plan(month, found).differences
    assert (told.topic, told.what, told.found, told.desired) == ("p.resolved", RETENTION, "7 d", "30 d")
    theirs = replace(resolved, own={**resolved.own, "segment.ms": "1"})
    applied = plan(month, {**found, "p.resolved": theirs}, apply=True)
    assert applied.configure["p.resolved"] == {**theirs.own, RETENTION: str(30 * DAY_MS)}
    long = replace(resolved, config={**resolved.config, RETENTION: "-1"})
    shorter = plan(wanted(), {**found, "p.resolved": long}, apply=True)
    assert not shorter.configure
    assert (shorter.differences[0].found, shorter.differences[0].weight) == ("for ever", Weight.TOLD)


def test_a_topic_that_forgets_what_it_must_keep_is_fatal() -> None:
    """Compaction of `resolved` would lose touchpoints: services do not start."""
    found = made(wanted())
    compacted = replace(found["p.resolved"], config={**found["p.resolved"].config, "cleanup.policy": "compact"})
    [fatal] = plan(wanted(), {**found, "p.resolved": compacted}).fatal
    assert (fatal.what, fatal.found, fatal.desired) == ("cleanup.policy", "compact", "delete")


@pytest.mark.parametrize("copies", [1, 2])
def test_copies_are_told_and_left(copies: int) -> None:
    """More brokers came later: moving copies is the cluster's business."""
    differences = plan(wanted(brokers=3), made(wanted(brokers=copies)), apply=True)
    assert not differences.configure
    assert {difference.what for difference in differences.differences} == {"copies"}


def test_settings_that_may_not_be_read_count_as_right() -> None:
    """A service's user need not be allowed to describe settings."""
    found = {name: replace(one, config={}, own={}) for name, one in made(wanted()).items()}
    assert plan(wanted(), found, apply=True).configure == {}
