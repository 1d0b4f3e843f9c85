"""Samples and their medians; contenders take turns, so that a slow minute of the machine hits all of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Watch:
    """Wall and CPU seconds (all threads of this process) of what ran inside `timed`."""

    seconds: float = 0.0
    cpu: float = 0.0


@contextmanager
def timed() -> Iterator[Watch]:
    """Measure a block; the result is complete when the block has ended."""
    watch = Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield watch
    finally:
        watch.seconds, watch.cpu = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one contender: how many events, in how many wall and CPU seconds."""

    events: int
    seconds: float
    cpu: float


@dataclass(slots=True)
class Contender:
    """What is measured, by name, with a sample for each round."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, events: int, watch: Watch) -> None:
        """Enter a round."""
        if events:
            self.samples.append(Sample(events, watch.seconds, watch.cpu))

    @property
    def cpu_us(self) -> float:
        """Return the median CPU time per event, in microseconds."""
        return median(1e6 * sample.cpu / sample.events for sample in self.samples)

    @property
    def wall_us(self) -> float:
        """Return the median wall time per event, in microseconds."""
        return median(1e6 * sample.seconds / sample.events for sample in self.samples)

    @property
    def spread(self) -> float:
        """Return how far the rounds' CPU times lie apart, as a share of their median."""
        each = [1e6 * sample.cpu / sample.events for sample in self.samples]
        return (max(each) - min(each)) / median(each)


def share(baseline: Contender, contender: Contender, *, wall: bool = False) -> float:
    """Return the rate of a contender as a share of its baseline's: the median of the ratios round by round.

    Both ran in the same round, one after the other: the ratio is steadier than either.
    """
    pairs = zip(baseline.samples, contender.samples, strict=True)
    return median(_cost(base, wall=wall) / _cost(other, wall=wall) for base, other in pairs)


def _cost(sample: Sample, *, wall: bool) -> float:
    return (sample.seconds if wall else sample.cpu) / sample.events
