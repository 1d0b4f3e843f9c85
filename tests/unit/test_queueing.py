"""The simulation of queues, held against what queueing theory knows, and against itself."""

from bisect import bisect_right
from dataclasses import replace
from statistics import fmean

import pytest

from leadflow.core.sizing import TIERS, Workload, plan, shipped_rates
from leadflow.simulation.dice import dice
from leadflow.simulation.queueing import Day, Pipeline, Stage, pipeline_of, run
from leadflow.simulation.queueing.arrivals import poisson
from leadflow.simulation.queueing.group import Group, Loss
from leadflow.simulation.queueing.pipeline import most_waiting
from leadflow.simulation.queueing.stage import serve

RATES = shipped_rates()
CUSTOMERS = 60_000


def one_server(*, varied: bool) -> Stage:
    """A queue with one server that takes one customer at a time, one a second."""
    return Stage(name="server", partitions=1, workers=1, record_s=1.0, most=1, varied=varied)


@pytest.mark.parametrize("load", [0.3, 0.5, 0.8])
def test_deterministic_service_waits_as_pollaczek_and_khinchine_say(load: float) -> None:
    """M/D/1: mean time in the system = 1 + load / (2 (1 - load)) service times."""
    arrivals = list(poisson(load, 0.0, CUSTOMERS / load, dice(1)))
    out = serve(one_server(varied=False), arrivals, dice(2))
    assert fmean(_sojourns(arrivals, out)) == pytest.approx(1 + load / (2 * (1 - load)), rel=0.05)


@pytest.mark.parametrize("load", [0.3, 0.5, 0.8])
def test_exponential_service_waits_twice_as_long(load: float) -> None:
    """M/M/1: mean time in the system = 1 / (1 - load), and its median ln 2 of that."""
    arrivals = list(poisson(load, 0.0, CUSTOMERS / load, dice(3)))
    sojourns = sorted(_sojourns(arrivals, serve(one_server(varied=True), arrivals, dice(4))))
    assert fmean(sojourns) == pytest.approx(1 / (1 - load), rel=0.08)
    assert sojourns[len(sojourns) // 2] == pytest.approx(0.693 / (1 - load), rel=0.08)


def test_partitions_of_a_worker_share_its_core() -> None:
    """Five partitions of one worker wait as long as one does: equal services in any order have the same mean."""
    arrivals = list(poisson(0.8, 0.0, CUSTOMERS / 0.8, dice(14)))
    out = serve(replace(one_server(varied=False), partitions=5), arrivals, dice(15))
    assert fmean(_sojourns(arrivals, out)) == pytest.approx(1 + 0.8 / (2 * 0.2), rel=0.05)


def test_what_waits_is_rate_times_time() -> None:
    """Little's law, with batches, commits and several workers: mean number in the stage = rate x mean time in it."""
    stage = Stage(name="hop", partitions=6, workers=2, record_s=0.004, batch_s=0.02, commit_s=0.1)
    arrivals = list(poisson(100.0, 0.0, 300.0, dice(5)))
    out = serve(stage, arrivals, dice(6))
    ends = sorted(out)
    looks = [20 + 0.01 * number for number in range(26_000)]
    waiting = fmean(bisect_right(arrivals, now) - bisect_right(ends, now) for now in looks)
    assert waiting == pytest.approx(100.0 * fmean(_sojourns(arrivals, out)), rel=0.05)


def test_batches_carry_what_single_records_could_not() -> None:
    """60 ms a batch and 1 ms a record stand 500 records a second; one by one they do not."""
    many = Stage(name="hop", partitions=1, workers=1, record_s=0.001, batch_s=0.06)
    arrivals = list(poisson(500.0, 0.0, 20.0, dice(7)))
    assert max(_sojourns(arrivals, serve(many, arrivals, dice(8)))) < 1
    alone = Stage(name="hop", partitions=1, workers=1, record_s=0.001, batch_s=0.06, most=1)
    assert max(_sojourns(arrivals, serve(alone, arrivals, dice(8)))) > 100


def test_nobody_is_served_before_they_came_or_twice() -> None:
    """Every record leaves its partition in order, after it came, and after its cost."""
    stage = Stage(name="hop", partitions=1, workers=1, record_s=0.002, batch_s=0.01, commit_s=0.05, most=7)
    arrivals = list(poisson(200.0, 0.0, 30.0, dice(9)))
    out = serve(stage, arrivals, dice(10))
    assert out == sorted(out)
    assert min(_sojourns(arrivals, out)) >= 0.062 - 1e-9


def test_partitions_of_a_lost_worker_wait_until_the_others_have_them() -> None:
    """Silent for the session, all stop for the rebalance, then the others serve everything; later it is back."""
    loss = Loss(at=100, noticed_s=10, rebalance_s=3, back_s=30)
    group = Group(workers=3, loss=loss)
    assert group.owner(0, 99.0) == (0, 99.0)
    assert group.owner(0, 101.0) == (0, 113)  # dead, and nobody has noticed
    assert group.owner(1, 101.0) == (1, 101.0)
    assert group.owner(1, 111.0) == (1, 113)  # all stop while they share anew
    assert {group.owner(partition, 114.0)[0] for partition in range(12)} == {1, 2}
    assert group.owner(0, 131.0) == (0, 133)
    assert group.owner(0, 134.0) == (0, 134.0)


def test_a_lone_worker_that_is_lost_is_waited_for() -> None:
    """Nobody else takes its partitions."""
    assert Group(workers=1, loss=Loss(at=10, noticed_s=10, rebalance_s=3, back_s=30)).owner(0, 11.0) == (0, 43)


def test_a_loss_loses_nothing_and_repeats_what_was_begun() -> None:
    """Every record is out once, those of the batch in hand later than they would have been."""
    stage = Stage(name="hop", partitions=4, workers=2, record_s=0.001, commit_s=0.1)
    arrivals = list(poisson(50.0, 0.0, 60.0, dice(11)))
    calm = serve(stage, arrivals, dice(12))
    hit = serve(stage, arrivals, dice(12), Loss(at=20, noticed_s=10, rebalance_s=3, back_s=30))
    assert all(end > begin for begin, end in zip(arrivals, hit, strict=True))
    assert max(_sojourns(arrivals, hit)) == pytest.approx(13, abs=1)
    assert max(_sojourns(arrivals, calm)) < 2


def test_a_batch_that_dies_with_its_worker_is_done_again() -> None:
    """Begun before the loss, not committed at it: out when the others have the partition, and not before."""
    stage = Stage(name="hop", partitions=1, workers=2, record_s=0.01, commit_s=0.1)
    loss = Loss(at=20, noticed_s=10, rebalance_s=3, back_s=30)
    assert serve(stage, [19.5, 19.95], dice(16), loss) == pytest.approx([19.61, 33.11])


def test_nights_are_quieter_than_evenings() -> None:
    """Of a day without a campaign a quarter of the hours, those of the night, has less than a tenth of what comes."""
    day = Day(mean=50, peak=0, campaign_s=0)
    came = day.arrivals(dice(17))
    night = sum(at < 6 * day.hour_s for at in came)
    assert 0.03 * len(came) < night < 0.1 * len(came)


def test_a_day_has_its_mean_and_its_campaign_its_peak() -> None:
    """The hours without the campaign have the mean rate, the minutes of the campaign the peak."""
    day = Day(mean=50, peak=300)
    came = day.arrivals(dice(13))
    campaign = [at for at in came if day.campaign <= at < day.campaign + day.campaign_s]
    assert len(campaign) / day.campaign_s == pytest.approx(300, rel=0.05)
    assert (len(came) - len(campaign)) / (day.seconds - day.campaign_s) == pytest.approx(50, rel=0.05)
    assert came == sorted(came)


def test_the_simulation_is_of_the_order_of_what_was_measured() -> None:
    """Services as they were measured, one of each with four partitions at 70/s: half to twice the measured mean.

    The measured mean is of the oldest touchpoint of each batch, on a machine that did other things too.
    """
    found = plan(Workload(profiles=1_000_000, availability="none", batched_share=0), RATES)
    planned = pipeline_of(found, RATES)
    measured = replace(
        planned, processor=replace(planned.processor, partitions=4), scoring=replace(planned.scoring, partitions=4)
    )
    outcome = run(measured, Day(mean=70, peak=70, hour_s=5, campaign_s=60))
    assert 0.5 < 1e3 * fmean(outcome.latencies) / RATES.end_to_end_ms.value < 2


def test_the_same_seed_is_the_same_day() -> None:
    """Another seed is another day."""
    found = plan(Workload(profiles=100_000), RATES)
    pipeline, day = pipeline_of(found, RATES), Day(mean=3, peak=10)
    assert run(pipeline, day, seed=1) == run(pipeline, day, seed=1)
    assert run(pipeline, day, seed=1) != run(pipeline, day, seed=2)


def test_most_waiting_counts_those_between_coming_and_going() -> None:
    """Somebody who leaves when another comes was not there with them."""
    assert most_waiting([0, 1, 2, 5], [5, 3, 4, 6]) == 3


def test_a_tier_is_not_behind_at_its_peak() -> None:
    """A touchpoint is scored within a second, and less waits in a stage than comes in one."""
    tier = TIERS["1m"]
    found = plan(tier.workload, RATES, tier.ceiling)
    outcome = run(pipeline_of(found, RATES), Day(mean=found.workload.mean, peak=found.workload.peak, hour_s=10))
    (slow,) = outcome.percentiles(99)
    assert slow < 1
    assert max(outcome.most_waiting.values()) < found.workload.peak


def _sojourns(arrivals: list[float], out: list[float]) -> list[float]:
    return [end - begin for begin, end in zip(arrivals, out, strict=True)]


def test_stages_in_series_add_up() -> None:
    """Without queues the latency is the sum of what the stages take, and evidence takes the resolver's time too."""

    def stage(name: str, seconds: float) -> Stage:
        return Stage(name=name, partitions=64, workers=64, record_s=seconds)

    pipeline = Pipeline(
        observer=stage("observer", 0.1),
        processor=stage("processor", 0.2),
        resolver=stage("resolver", 10.0),
        scoring=stage("scoring", 0.4),
        evidence=0.5,
    )
    outcome = run(pipeline, Day(mean=0.01, peak=0.01, hour_s=3_600))
    assert outcome.percentiles(10, 90) == pytest.approx([0.7, 10.7], abs=0.01)
