"""The stages in series, from the request to the stage change, and what the run of a day comes to."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from random import Random

from leadflow.simulation.dice import dice
from leadflow.simulation.queueing.arrivals import Day
from leadflow.simulation.queueing.group import Loss
from leadflow.simulation.queueing.stage import Stage, serve


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """`evidence`: the share of touchpoints that go through the resolver before they are scored."""

    observer: Stage
    processor: Stage
    resolver: Stage
    scoring: Stage
    evidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """When each touchpoint came, in order, and after how many seconds it was scored; the most that waited by stage."""

    received: Sequence[float] = field(repr=False)
    latencies: Sequence[float] = field(repr=False)
    most_waiting: dict[str, int]

    def percentiles(self, *percents: float, since: float = 0.0, until: float = inf) -> list[float]:
        """Return the latencies that so many percent of what came in that time do not exceed; 0 where nothing came."""
        first, last = bisect_left(self.received, since), bisect_left(self.received, until)
        sample = sorted(self.latencies[first:last]) or [0.0]
        return [sample[min(len(sample) - 1, int(len(sample) * percent / 100))] for percent in percents]


def run(pipeline: Pipeline, day: Day, *, seed: int = 1, lost: str = "", loss: Loss | None = None) -> Outcome:
    """Live through a day; the stage that is called `lost` suffers the loss. The same seed, the same outcome."""
    rng = dice("queueing", seed)
    received = day.arrivals(rng)
    waiting: dict[str, int] = {}

    def through(stage: Stage, arrivals: Sequence[float]) -> list[float]:
        out = _in_any_order(stage, arrivals, rng, loss if stage.name == lost else None)
        waiting[stage.name] = most_waiting(arrivals, out)
        return out

    accepted = through(pipeline.observer, received)
    resolved = through(pipeline.processor, accepted)
    news = [number for number in range(len(resolved)) if rng.random() < pipeline.evidence]
    for number, at in zip(news, through(pipeline.resolver, [resolved[number] for number in news]), strict=True):
        resolved[number] = at
    scored = through(pipeline.scoring, resolved)
    latencies = [end - begin for begin, end in zip(received, scored, strict=True)]
    return Outcome(received=received, latencies=latencies, most_waiting=waiting)


def most_waiting(arrivals: Sequence[float], out: Sequence[float]) -> int:
    """Return the most that were in a stage at once."""
    steps = sorted([(at, 1) for at in arrivals] + [(at, -1) for at in out])
    return max(accumulate((step for _, step in steps), initial=0))


def _in_any_order(stage: Stage, arrivals: Sequence[float], rng: Random, loss: Loss | None) -> list[float]:
    """Serve what comes out of another stage, where batches of several partitions end in any order."""
    order = sorted(range(len(arrivals)), key=arrivals.__getitem__)
    served = serve(stage, [arrivals[number] for number in order], rng, loss)
    out = [0.0] * len(arrivals)
    for number, at in zip(order, served, strict=True):
        out[number] = at
    return out
