"""From a workload and rates to a plan: the arithmetic, the bounds of the tiers, and what is refused."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadflow.core.sizing import TIERS, Plan, SizingError, Workload, plan, shipped_rates
from leadflow.core.sizing.assumptions import FILL, GROWTH, SKEW, UTILISATION
from leadflow.core.sizing.partitions import LADDER
from leadflow.core.sizing.pods import Pods, loads, pods
from leadflow.core.sizing.tiers import Room

RATES = shipped_rates()
GB, GIB, MIB = 1e9, 2**30, 2**20

workloads = st.builds(
    Workload,
    profiles=st.integers(1, 150_000_000),
    touchpoints_per_month=st.floats(1, 30),
    peak_factor=st.floats(1, 6),
    retention_days=st.integers(1, 30),
    history_months=st.integers(1, 24),
    batched_share=st.floats(0, 1),
    availability=st.sampled_from(["none", "pods", "servers"]),
)


def test_a_month_of_touchpoints_is_a_rate() -> None:
    """2,592,000 profiles with one touchpoint in 30 days are one a second; the peak is so many times that."""
    workload = Workload(profiles=2_592_000, touchpoints_per_month=1, peak_factor=8, batched_share=0.5, batch=10)
    assert workload.mean == 1
    assert workload.peak == 8
    assert Fraction(workload.peak_requests).limit_denominator(1000) == Fraction(44, 10)  # 4 alone, 4 in tens


@given(workloads)
@settings(max_examples=60, deadline=None)
def test_what_is_left_carries_the_peak(workload: Workload) -> None:
    """Every service carries the peak at the planned utilisation, with one pod lost where one may be."""
    found = plan(workload, RATES)
    lost = 0 if workload.availability == "none" else 1
    for one in (found.observer, found.processor, found.scoring):
        assert (one.replicas - lost) * one.carries >= workload.peak
        assert (one.replicas - lost - 1) * one.carries < workload.peak
        assert one.replicas <= one.most_replicas
        assert 0 < one.cores <= one.limit_cores == 1


@given(workloads)
@example(Workload(profiles=100_000_000))
@settings(max_examples=60, deadline=None)
def test_partitions_feed_every_pod(workload: Workload) -> None:
    """No autoscaler goes beyond the partitions; there are as many as growth asks for."""
    found = plan(workload, RATES)
    assert found.partitions in LADDER
    slowest = min(found.processor.carries, found.scoring.carries)
    assert found.partitions * slowest >= GROWTH * SKEW * workload.peak
    assert max(found.processor.most_replicas, found.scoring.most_replicas) <= found.partitions


def test_partitions_hold_an_autoscaler_back() -> None:
    """What has no partition has nothing to do; a ceiling holds back too, but never below what is needed."""
    workload = Workload(profiles=100_000_000)
    _, processor, _ = loads(workload, RATES)
    needed = pods(processor, workload, partitions=24).replicas
    assert pods(processor, workload, partitions=24).most_replicas == 2 * needed
    assert pods(processor, workload, partitions=needed + 1).most_replicas == needed + 1
    assert pods(processor, workload, partitions=24, most=1).most_replicas == needed


@given(workloads)
@settings(max_examples=60, deadline=None)
def test_disks_hold_what_is_kept(workload: Workload) -> None:
    """All copies fit the disks at the planned filling, of brokers and of database servers."""
    found = plan(workload, RATES)
    store, kafka = found.database, found.brokers
    assert store.data_gib * store.copies <= FILL * store.disk_gib * store.servers * (1 + 1e-6)
    assert kafka.kept_gib * kafka.copies <= FILL * kafka.disk_gib * kafka.replicas * (1 + 1e-6)
    assert store.copies <= store.servers
    assert kafka.copies <= kafka.replicas


@given(workloads, st.floats(1, 3))
@settings(max_examples=60, deadline=None)
def test_more_takes_more(workload: Workload, times: float) -> None:
    """More touchpoints never take fewer pods, partitions, brokers or servers, nor less disk in all."""
    more = replace(workload, touchpoints_per_month=workload.touchpoints_per_month * times)
    try:
        less, greater = _totals(plan(workload, RATES)), _totals(plan(more, RATES))
    except SizingError:
        return
    assert all(small <= large for small, large in zip(less, greater, strict=True))


def _totals(found: Plan) -> tuple[float, ...]:
    counts = (one.replicas for one in found.services)
    return (*counts, found.partitions, found.brokers.replicas, found.database.servers, found.brokers.kept_gib)


def test_losing_a_server_needs_three_copies() -> None:
    """A majority of copies is there after a loss; without that wish one server does."""
    base = Workload(profiles=1_000_000, availability="servers")
    assert plan(base, RATES).database.copies == 3
    assert plan(replace(base, availability="pods"), RATES).database.servers == 1
    assert plan(replace(base, availability="none"), RATES).observer.replicas == 1


def _used(*services: Pods) -> Room:
    """All pods together, autoscalers at their most, by limits."""
    return Room(
        cores=sum(one.most_replicas * one.limit_cores for one in services),
        memory_gb=sum(one.most_replicas * one.limit_mib * MIB / GB for one in services),
        disk_gb=0,
    )


@pytest.mark.parametrize("name", [name for name, tier in TIERS.items() if tier.ceiling])
def test_shipped_tiers_stay_below_their_ceilings(name: str) -> None:
    """Limits of all pods that an autoscaler may start, and of the database with its helpers, are within the bounds."""
    tier = TIERS[name]
    assert tier.ceiling is not None
    found = plan(tier.workload, RATES, tier.ceiling)
    store = found.database
    database = Room(
        cores=store.servers * 2 * store.cores + store.coordinators * 1 + store.agents * 0.5,
        memory_gb=(store.servers * store.memory_gib + store.coordinators * 1 + store.agents * 0.5) * GIB / GB,
        disk_gb=store.servers * store.disk_gib * GIB / GB,
    )
    for used, bound in (
        (_used(found.observer), tier.ceiling.observer),
        (_used(found.processor, found.scoring), tier.ceiling.workers),
        (_used(found.admin_api), tier.ceiling.admin),
        (database, tier.ceiling.database),
    ):
        assert used.cores <= bound.cores
        assert used.memory_gb <= bound.memory_gb
        assert used.disk_gb <= bound.disk_gb


def test_a_hundred_million_profiles_have_a_plan_that_says_what_changed() -> None:
    """Sharded database and more brokers are reached, the log of identity is not: it is the next bound."""
    found = plan(Workload(profiles=100_000_000, availability="servers"), RATES)
    assert found.database.sharded
    assert found.brokers.replicas > 3
    reached = [one.what for one in found.milestones if one.reached]
    assert any("sharded" in what for what in reached)
    assert any("brokers" in what for what in reached)
    assert found.identity.load < 1


def test_one_log_of_identity_is_the_end_of_an_installation() -> None:
    """Beyond what one core decides in order, the error says how many installations share it."""
    bound = plan(Workload(profiles=1_000_000), RATES).identity
    beyond = round(2.5 * 1_000_000 / bound.load)
    with pytest.raises(SizingError, match="share the profiles among 3 installations"):
        plan(Workload(profiles=beyond), RATES)


def test_milestones_are_where_the_plan_changes() -> None:
    """Just below the profiles of the first milestone the database is whole, just beyond it is sharded."""
    found = plan(Workload(profiles=1_000_000, availability="servers"), RATES)
    sharded = next(one for one in found.milestones if "sharded" in one.what)
    below, beyond = (Workload(profiles=round(sharded.profiles * part)) for part in (0.99, 1.01))
    assert not plan(below, RATES).database.sharded
    assert plan(beyond, RATES).database.sharded


def test_the_top_tier_fits_one_small_machine() -> None:
    """The peak of two million profiles is less than one process was measured to carry, at the planned utilisation."""
    machine = plan(TIERS["2m"].workload, RATES).small_machine
    assert machine.carries == pytest.approx(
        UTILISATION * 1e6 / (0.5 * RATES.embedded_us.value + 0.5 * RATES.embedded_batched_us.value)
    )
    assert machine.fits


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profiles", 0),
        ("touchpoints_per_month", -1),
        ("peak_factor", 0.5),
        ("retention_days", 0),
        ("history_months", 999),
        ("batched_share", 1.5),
        ("batch", 0),
        ("availability", "always"),
    ],
)
def test_what_is_no_workload_is_named(field: str, value: object) -> None:
    """The error names the option as it is typed, and the value."""
    with pytest.raises(SizingError, match=f"--{field.replace('_', '-')}: .*{value}"):
        Workload(**{"profiles": 1_000, field: value})
