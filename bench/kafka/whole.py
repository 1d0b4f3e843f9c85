"""The four services and the broker on one machine: from HTTP to stage change, and with a second worker in each tier."""

from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tools.broker import Cluster

from bench.goals import Figure
from bench.measure import Contender, share
from bench.options import Options
from bench.pressure.instance import filled
from bench.pressure.offering import sending
from bench.pressure.rounds import KINDS, full, half, order
from bench.pressure.services import services

_MORE = "batch, two workers"

Parts = dict[str, float]
"""By process."""


def measure(options: Options, cluster: Cluster) -> list[Figure]:
    """Single events, batches, and batches with more workers take turns at full load; then the first two at half."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        filled(folder, options.profiles)
        pipeline = stack.enter_context(services(folder, cluster))
        sender = stack.enter_context(sending())
        contenders = {kind: Contender(kind) for kind in (*KINDS, _MORE)}
        parts: dict[str, list[Parts]] = {kind: [] for kind in KINDS}
        for number in range(options.rounds + 1):
            for kind in KINDS:
                before = pipeline.cpu_by_name()
                events, watch = full(pipeline, sender, order(pipeline, kind, options, number))
                if number:  # the first round warms up
                    contenders[kind].add(events, watch)
                    parts[kind].append(_each(before, pipeline.cpu_by_name(), events))
            with pipeline.joined():
                sample = full(pipeline, sender, order(pipeline, "batch", options, options.rounds + 1 + number))
                if number:
                    contenders[_MORE].add(*sample)
        figures = [
            _figure(contenders[kind], parts[kind], half(pipeline, sender, contenders[kind], options)) for kind in KINDS
        ]
    one, two = contenders["batch"], contenders[_MORE]
    return [
        *figures,
        Figure(
            "kafka/workers",
            share(one, two, wall=True),
            {
                "one_events_per_s": 1e6 / one.wall_us,
                "two_events_per_s": 1e6 / two.wall_us,
                "one_cpu_us": one.cpu_us,
                "two_cpu_us": two.cpu_us,
            },
        ),
    ]


def _each(before: Parts, after: Parts, events: int) -> Parts:
    """CPU microseconds per event, by process."""
    return {f"{name}_cpu_us": 1e6 * (after[name] - before[name]) / events for name in after}


def _figure(contender: Contender, parts: list[Parts], half_load: dict[str, float]) -> Figure:
    middle = {name: median(part[name] for part in parts) for name in parts[0]}
    return Figure(
        f"kafka/{contender.name}", 1e6 / contender.wall_us, {"cpu_us": contender.cpu_us, **middle, **half_load}
    )
