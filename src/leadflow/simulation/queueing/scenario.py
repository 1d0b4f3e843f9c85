"""A plan as a pipeline to be simulated, and the loss of one of its pods."""

from leadflow.core.sizing import Plan, Rate, Rates
from leadflow.simulation.queueing.arrivals import Day
from leadflow.simulation.queueing.group import Loss
from leadflow.simulation.queueing.pipeline import Pipeline
from leadflow.simulation.queueing.stage import Stage

SESSION_S = 10.0
"""LEADFLOW_KAFKA_SESSION_TIMEOUT as shipped: after that a silent process has lost its partitions."""
REBALANCE_S = 10.0 / 3
"""A heartbeat: the others learn of it with their next one, and all stop until then (aiokafka rebalances eagerly)."""
RESTART_S = 30.0
"""Assumed: until a pod has been started again elsewhere, its image being there."""
LOST_AFTER_S = 30.0
"""The pod is lost early in the campaign: it is missed most, and is back before the end."""


def pipeline_of(plan: Plan, rates: Rates) -> Pipeline:
    """Return the tier's stages: CPU by the rates; a commit takes what a batch took beyond its CPU."""
    single = 1 - plan.workload.batched_share
    observer_s = 1e-6 * (
        single * rates.observer_us.value + plan.workload.batched_share * rates.observer_batched_us.value
    )
    return Pipeline(
        observer=Stage(
            name="observer",
            partitions=plan.observer.replicas,
            workers=plan.observer.replicas,
            record_s=observer_s,
            batch_s=1e-6 * max(0.0, rates.observer_small_us.value - rates.observer_us.value),
            commit_s=1e-3 * rates.ack_ms.value,
        ),
        processor=hop(
            "processor",
            (plan.partitions, plan.processor.replicas),
            (rates.processor_us, rates.processor_small_us),
            rates.processor_batch_ms,
        ),
        resolver=hop("resolver", (1, 1), (rates.resolver_us, rates.resolver_us), rates.resolver_batch_ms),
        scoring=hop(
            "scoring",
            (plan.partitions, plan.scoring.replicas),
            (rates.scoring_us, rates.scoring_small_us),
            rates.scoring_batch_ms,
        ),
        evidence=rates.evidence.value,
    )


def hop(name: str, shape: tuple[int, int], cpu: tuple[Rate, Rate], batch: Rate) -> Stage:
    """A stage of (partitions, workers) with CPU (in large batches, in small ones) and the time of a small batch."""
    full_s, small_s = (1e-6 * rate.value for rate in cpu)
    return Stage(
        name=name,
        partitions=shape[0],
        workers=shape[1],
        record_s=full_s,
        batch_s=max(0.0, small_s - full_s),
        commit_s=max(0.0, 1e-3 * batch.value - small_s),
    )


def day_of(plan: Plan) -> Day:
    """Return the tier's day."""
    return Day(mean=plan.workload.mean, peak=plan.workload.peak)


def loss_in(day: Day) -> Loss:
    """Return the loss of a pod in the campaign."""
    return Loss(at=day.campaign + LOST_AFTER_S, noticed_s=SESSION_S, rebalance_s=REBALANCE_S, back_s=RESTART_S)
