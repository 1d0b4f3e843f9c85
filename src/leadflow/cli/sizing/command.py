"""`leadflow size`: what may be asked. The arithmetic is imported once somebody asks: no other command waits for it."""

# ruff: noqa: PLC0415 - see above

from typing import Annotated, Any, Literal

import typer

TierName = Literal["100k", "1m", "2m", "10m"]
Availability = Literal["none", "pods", "servers"]
Output = Literal["table", "overlay", "json"]


def size(
    *,
    tier: Annotated[TierName | None, typer.Option(help="A shipped tier; other options change its workload.")] = None,
    profiles: Annotated[int | None, typer.Option(help="How many profiles.", show_default=False)] = None,
    touchpoints_per_month: Annotated[
        float | None, typer.Option(help="Of a profile, all profiles counted (30).", show_default=False)
    ] = None,
    peak_factor: Annotated[
        float | None, typer.Option(help="The busiest minutes by the mean (6).", show_default=False)
    ] = None,
    retention_days: Annotated[int | None, typer.Option(help="Of the log (7).", show_default=False)] = None,
    history_months: Annotated[
        int | None, typer.Option(help="Of touchpoints in the store (6).", show_default=False)
    ] = None,
    batched_share: Annotated[
        float | None, typer.Option(help="Of the touchpoints that SDKs send in batches (0.5).", show_default=False)
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Touchpoints in such a batch (20).", show_default=False)] = None,
    availability: Annotated[
        Availability | None,
        typer.Option(help="What may be lost without a pause: none, pods (and brokers), servers.", show_default=False),
    ] = None,
    output: Annotated[Output, typer.Option(help="For people, for Helm, for programs.")] = "table",
    simulate: Annotated[
        bool, typer.Option(help="Simulate a day with a campaign and a lost pod, as queues (seconds, for 10M profiles).")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 1,
    check: Annotated[bool, typer.Option(help="Fail if a shipped tier is not what this prints.")] = False,
    write: Annotated[bool, typer.Option(help="Write the shipped tiers into the chart.")] = False,
) -> None:
    """Compute pods, partitions, disks and database for a workload, from measured rates, each number with its reason."""
    if check or write:
        from leadflow.cli.sizing.shipped import check_tiers, write_tiers

        (check_tiers if check else write_tiers)()
        return
    given: dict[str, Any] = {
        name: value
        for name, value in {
            "profiles": profiles,
            "touchpoints_per_month": touchpoints_per_month,
            "peak_factor": peak_factor,
            "retention_days": retention_days,
            "history_months": history_months,
            "batched_share": batched_share,
            "batch": batch,
            "availability": availability,
        }.items()
        if value is not None
    }
    from leadflow.cli.sizing.answer import answer

    answer(tier, given, output, seed=seed if simulate else None)
