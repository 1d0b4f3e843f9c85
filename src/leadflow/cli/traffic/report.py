"""What a simulation did and what the pipeline made of it, as lines for a person."""

from collections.abc import Iterator, Mapping

from leadflow.cli.traffic.sales_desk import Worked
from leadflow.cli.traffic.sending import Sent
from leadflow.simulation.rates import Depth


def sent_lines(sent: Sent, repeats: int) -> Iterator[str]:
    """What was sent."""
    rate = sent.events / sent.seconds if sent.seconds else 0.0
    again = f", {repeats} requests again because it was busy" if repeats else ""
    yield (
        f"sent {sent.events} touchpoints in {sent.batches} batches in {sent.seconds:.1f} s ({rate:.0f} a second){again}"
    )


def sales_line(worked: Worked) -> str:
    """What sales did."""
    late = f"; {worked.not_ready} leads were not where the plan had them" if worked.not_ready else ""
    return f"sales took {worked.actions} actions and got to the plan's end with {worked.leads} leads{late}"


def funnel_lines(reached: Mapping[Depth, int], stages: Mapping[str, int] | None) -> Iterator[str]:
    """The funnel that the population was made with, and beside it where the pipeline's leads stand now."""
    yield "by plan, people who get at least so far:"
    yield "  " + " → ".join(f"{stage} {count}" for stage, count in reached.items())
    if stages is not None:
        yield "in the pipeline now (everything that it holds, each unknown device a visitor of its own):"
        width = max(map(len, stages), default=0)
        yield from (f"  {stage:<{width}} {count:>7}" for stage, count in stages.items())
