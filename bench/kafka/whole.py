"""The four services and the broker on one machine: from HTTP to stage change, and with a second worker in each tier."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tools.broker import Cluster

from bench.goals import Figure
from bench.measure import Contender, share
from bench.options import Options
from bench.pressure.instance import filled
from bench.pressure.offering import Sender, sending
from bench.pressure.rounds import full, half, order
from bench.pressure.services import Services, services

ONE, TWO = 1, 2
LEGS = (("single", ONE), ("batch", ONE), ("batch", TWO))
"""(kind of requests, workers a tier)."""

Parts = dict[str, float]
"""CPU microseconds per event, by process."""


class Leg:
    """What is measured of one kind of requests with so many workers."""

    def __init__(self, kind: str, workers: int) -> None:
        self.kind, self.workers = kind, workers
        self.contender = Contender(kind)
        self._parts: list[Parts] = []

    def round(self, pipeline: Services, sender: Sender, options: Options, number: int) -> None:
        """Send at full load until all is done; round 0 only warms up."""
        before = pipeline.cpu_by_name()
        events, watch = full(pipeline, sender, order(pipeline, self.kind, options, number))
        if number:
            after = pipeline.cpu_by_name()
            self.contender.add(events, watch)
            self._parts.append({f"{name}_cpu_us": 1e6 * (after[name] - before[name]) / events for name in after})

    def detail(self) -> Parts:
        """Return the medians over the rounds."""
        middle = {name: median(part[name] for part in self._parts) for name in self._parts[0]}
        return {"cpu_us": self.contender.cpu_us, **middle}


def measure(options: Options, cluster: Cluster) -> list[Figure]:
    """Let a pipeline with one worker a tier and one with two take turns at full load; then the first at half."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folders = {workers: Path(name) / f"workers-{workers}" for workers in (ONE, TWO)}
        folders[ONE].mkdir()
        filled(folders[ONE], options.profiles)
        shutil.copytree(folders[ONE], folders[TWO])
        pipelines = {
            workers: stack.enter_context(services(folder, cluster, workers=workers))
            for workers, folder in folders.items()
        }
        sender = stack.enter_context(sending())
        single, batch, more = legs = [Leg(*leg) for leg in LEGS]
        for number in range(options.rounds + 1):
            for leg in legs:
                leg.round(pipelines[leg.workers], sender, options, number)
        return [
            *(_figure(leg, half(pipelines[ONE], sender, leg.contender, options)) for leg in (single, batch)),
            _growth(batch, more),
        ]


def _figure(leg: Leg, half_load: dict[str, float]) -> Figure:
    return Figure(f"kafka/{leg.kind}", 1e6 / leg.contender.wall_us, {**leg.detail(), **half_load})


def _growth(one: Leg, two: Leg) -> Figure:
    return Figure(
        "kafka/workers",
        share(one.contender, two.contender, wall=True),
        {
            "one_events_per_s": 1e6 / one.contender.wall_us,
            "two_events_per_s": 1e6 / two.contender.wall_us,
            **{f"two_{name}": value for name, value in two.detail().items()},
        },
    )
