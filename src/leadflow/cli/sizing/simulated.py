"""A plan's day as queues, for people: how long touchpoints take, and how much waits, with and without a lost pod."""

from leadflow.core.sizing import Plan, Rates
from leadflow.simulation.queueing import Outcome, pipeline_of, run
from leadflow.simulation.queueing.scenario import day_of, loss_in

PERCENTS = (50, 99, 100)
_HEAD = f"{'':28} {'p50':>8} {'p99':>8} {'longest':>8}   {'most waiting: processor':>23} {'scoring':>8}"


def simulated(plan: Plan, rates: Rates, *, seed: int = 1) -> str:
    """Return a table: seconds from receipt to stage change in usual hours and in the campaign, then with a loss."""
    pipeline, day = pipeline_of(plan, rates), day_of(plan)
    loss = loss_in(day)
    calm = run(pipeline, day, seed=seed)
    lines = [
        (
            f"Simulated (seed {seed}): {plan.workload.mean:,.1f} touchpoints/s on average, a campaign of "
            f"{day.campaign_s:.0f} s at {plan.workload.peak:,.1f}/s; seconds from receipt to stage change."
        ),
        _HEAD,
        _row("usual hours", calm, 0.0, day.campaign),
        _row("campaign", calm, day.campaign, day.campaign + day.campaign_s),
    ]
    for lost in ("processor", "scoring"):
        hit = run(pipeline, day, seed=seed, lost=lost, loss=loss)
        lines.append(_row(f"campaign, {lost} pod lost", hit, day.campaign, day.campaign + day.campaign_s))
    lines.append(
        f"A lost pod's partitions wait {loss.noticed_s + loss.rebalance_s:.0f} s (session, then rebalance); it is back "
        f"after {loss.back_s:.0f} s. Nothing is lost: the log keeps it. Measured without a loss at 70/s: a mean of "
        f"{rates.end_to_end_ms.value / 1e3:.2f} s for the oldest of a batch."
    )
    return "\n".join(lines)


def _row(name: str, outcome: Outcome, since: float, until: float) -> str:
    times = " ".join(f"{one:8.2f}" for one in outcome.percentiles(*PERCENTS, since=since, until=until))
    waiting = outcome.most_waiting
    return f"{name:28} {times}   {waiting['processor']:23,} {waiting['scoring']:8,}"
