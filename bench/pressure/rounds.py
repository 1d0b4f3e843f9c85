"""Rounds of load on a pipeline that runs: as much as it takes, and half of that with a look at the times."""

from typing import Protocol

from bench.measure import Contender, Watch
from bench.options import Options
from bench.pressure.offering import Sender
from bench.pressure.probes import probing
from bench.pressure.sender import Order

KINDS = {"single": 1, "batch": 100}
_CONNECTIONS = {"single": 128, "batch": 16}
_ROUND_SHARE = 4  # a round at full load takes this part of the seconds of the options
_SETTLE_SECONDS = 300.0


class Pipeline(Protocol):
    """One process or several: where events go and stage changes come from, and what it has used."""

    port: int
    stream_port: int

    def cpu(self) -> float:
        """CPU seconds of everything that belongs to it."""

    def settle(self, seconds: float) -> float:
        """Wait until nothing waits any more; how long that took."""


def order(pipeline: Pipeline, kind: str, options: Options, number: int) -> Order:
    """Return as much of a kind as the connections carry; `number` tells rounds apart."""
    return Order(
        port=pipeline.port,
        seconds=options.seconds / _ROUND_SHARE,
        rate=0,
        connections=_CONNECTIONS[kind],
        name=f"{kind}{number}",
        batch=KINDS[kind],
        people=options.profiles,
        seed=number,
    )


def full(pipeline: Pipeline, sender: Sender, offered: Order) -> tuple[int, Watch]:
    """Send as fast as it answers, and count the time until the last stage change is out."""
    cpu = pipeline.cpu()
    outcome = sender.run(offered)
    seconds = outcome.seconds + pipeline.settle(_SETTLE_SECONDS)
    return len(outcome.accepted) * offered.batch, Watch(seconds, pipeline.cpu() - cpu)


def half(pipeline: Pipeline, sender: Sender, contender: Contender, options: Options) -> dict[str, float]:
    """Half of the rate that it reached: times of answers, and from request to stage change."""
    batch = KINDS[contender.name]
    rate = 0.5e6 / contender.wall_us / batch
    offered = Order(
        port=pipeline.port,
        seconds=options.seconds,
        rate=rate,
        connections=4 * _CONNECTIONS[contender.name],
        name=f"half-{contender.name}",
        batch=batch,
        people=options.profiles,
        seed=options.rounds + 1,
    )
    with probing(pipeline.port, pipeline.stream_port, batch) as probes:
        outcome = sender.run(offered)
    pipeline.settle(_SETTLE_SECONDS)
    times = probes.seconds
    return {
        "half_load_events_per_s": len(outcome.accepted) * batch / outcome.seconds,
        "answer_p50_ms": outcome.p50_ms,
        "answer_p99_ms": outcome.p99_ms,
        "stage_change_p50_ms": 1e3 * times[len(times) // 2],
        "stage_change_p99_ms": 1e3 * times[len(times) * 99 // 100],
        "probes": float(len(times)),
        "probes_lost": float(probes.lost),
    }
