"""The services at the rate of a tier: what each process costs while it waits, and where batches are small.

At full load a batch carries hundreds of records and a transaction costs each of them next to nothing. A tier is built
for headroom and lives at a rate where it does not: what that costs decides how small its pods may be. Also: the memory
of each process after full load, and what a touchpoint leaves on the broker's disk.
"""

import re
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.broker import Cluster

from bench.goals import Figure
from bench.options import Options
from bench.pressure.instance import filled
from bench.pressure.offering import sending
from bench.pressure.rounds import full, order
from bench.pressure.sender import Order
from bench.pressure.services import Services, services
from bench.workbench import PARTITIONS
from leadflow.contracts.topics import TOPICS

RATE = 70.0  # events a second: a million profiles at 30 touchpoints a month, six times the mean
PREFIX = "small-batches"
_CONNECTIONS = 32
_SETTLE_SECONDS = 120.0

TIMES = {
    "ack": "leadflow_observer_ack_seconds",
    "processor_batch": "leadflow_processor_batch_seconds",
    "resolver_batch": "leadflow_resolver_batch_seconds",
    "scoring_batch": "leadflow_scoring_batch_seconds",
    "processor_end_to_end": "leadflow_processor_end_to_end_seconds",
    "scoring_end_to_end": "leadflow_scoring_end_to_end_seconds",
    "stage_change": "leadflow_scoring_stage_change_seconds",
}
"""Histograms by what their mean is called here: from fetch to commit, and from receipt to commit or change."""

Cpu = Mapping[str, float]
Timed = tuple[float, float]
"""(seconds, how often)."""


def measure(options: Options, cluster: Cluster) -> list[Figure]:
    """Wait, send slowly, then as fast as it goes."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name) / PREFIX
        folder.mkdir()
        filled(folder, options.profiles)
        pipeline = stack.enter_context(services(folder, cluster, workers=1))
        sender = stack.enter_context(sending())
        before = pipeline.cpu_by_name()
        time.sleep(options.seconds)
        idle = _cores(before, pipeline.cpu_by_name(), options.seconds)
        bytes_before, times_before = _topic_bytes(cluster), _times(pipeline)
        before, began = pipeline.cpu_by_name(), time.monotonic()
        outcome = sender.run(_slowly(pipeline, options))
        pipeline.settle(_SETTLE_SECONDS)
        events, seconds = len(outcome.accepted), time.monotonic() - began
        busy = _cores(before, pipeline.cpu_by_name(), seconds)
        times = {name: _mean_ms(times_before[name], after) for name, after in _times(pipeline).items()}
        left = {topic: (size - bytes_before[topic]) / events for topic, size in _topic_bytes(cluster).items()}
        full(pipeline, sender, order(pipeline, "batch", options, 1))
        memory = pipeline.memory_by_name()
    figures = [
        Figure(
            f"small/{tier}",
            memory[tier],
            {
                "idle_cores": idle[tier],
                "cpu_us": 1e6 * (busy[tier] - idle[tier]) * seconds / events,
                "events_per_s": events / outcome.seconds,
                "rss_mb": memory[tier],
            },
        )
        for tier in memory
    ]
    return [
        *figures,
        Figure("small/log", sum(left.values()), left),
        Figure("small/times", times["stage_change"], times),
    ]


def _slowly(pipeline: Services, options: Options) -> Order:
    return Order(
        port=pipeline.port,
        seconds=options.seconds,
        rate=RATE,
        connections=_CONNECTIONS,
        name="small",
        people=options.profiles,
    )


def _cores(before: Cpu, after: Cpu, seconds: float) -> dict[str, float]:
    return {name: (after[name] - before[name]) / seconds for name in after}


def _times(pipeline: Services) -> dict[str, Timed]:
    """Return (seconds, how often) of everything in TIMES so far, over all services."""
    said = pipeline.metrics()
    return {name: (_sum(f"{metric}_sum", said), _sum(f"{metric}_count", said)) for name, metric in TIMES.items()}


def _sum(name: str, text: str) -> float:
    return sum(float(found) for found in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def _mean_ms(before: Timed, after: Timed) -> float:
    return 1e3 * (after[0] - before[0]) / max(1.0, after[1] - before[1])


def _topic_bytes(cluster: Cluster) -> dict[str, float]:
    """Return the bytes of each topic's segments on the broker's disk."""
    (node,) = cluster.nodes
    found = {topic.name: 0.0 for topic in TOPICS}
    for topic in TOPICS:
        for partition in range(topic.partitions or PARTITIONS):
            home = node.folder / "log" / f"{PREFIX}.{topic.name}-{partition}"
            found[topic.name] += sum(segment.stat().st_size for segment in home.glob("*.log"))
    return found
