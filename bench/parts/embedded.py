"""Everything in one process: what a core serves from HTTP to stage change, and the times at half of that load."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.goals import Figure
from bench.measure import Contender, Watch
from bench.options import Options
from bench.pressure.instance import Instance, filled, up
from bench.pressure.offering import Sender, sending
from bench.pressure.probes import probing
from bench.pressure.sender import Order

KINDS = {"single": 1, "batch": 100}
_CONNECTIONS = {"single": 128, "batch": 16}
_ROUND_SHARE = 4  # a round at full load takes this part of the seconds of the options
_SETTLE_SECONDS = 300.0


def measure(options: Options) -> list[Figure]:
    """Single events and batches take turns at full load; then each at half of what it reached."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        filled(folder, options.profiles)
        instance = stack.enter_context(up(folder))
        sender = stack.enter_context(sending())
        contenders = {kind: Contender(kind) for kind in KINDS}
        for number in range(options.rounds + 1):
            for kind, contender in contenders.items():
                sample = _full(instance, sender, _order(instance, kind, options, number))
                if number:  # the first round warms up
                    contender.add(*sample)
        return [_figure(contender, _half(instance, sender, contender, options)) for contender in contenders.values()]


def _order(instance: Instance, kind: str, options: Options, number: int) -> Order:
    return Order(
        port=instance.port,
        seconds=options.seconds / _ROUND_SHARE,
        rate=0,
        connections=_CONNECTIONS[kind],
        name=f"{kind}{number}",
        batch=KINDS[kind],
        people=options.profiles,
        seed=number,
    )


def _full(instance: Instance, sender: Sender, order: Order) -> tuple[int, Watch]:
    """Send as fast as it answers, and count the time until the last stage change is out."""
    cpu = instance.cpu()
    outcome = sender.run(order)
    seconds = outcome.seconds + instance.settle(_SETTLE_SECONDS)
    return len(outcome.accepted) * order.batch, Watch(seconds, instance.cpu() - cpu)


def _half(instance: Instance, sender: Sender, contender: Contender, options: Options) -> dict[str, float]:
    """Half of the rate that it reached: times of answers, and from request to stage change."""
    batch = KINDS[contender.name]
    rate = 0.5e6 / contender.wall_us / batch
    order = Order(
        port=instance.port,
        seconds=options.seconds,
        rate=rate,
        connections=4 * _CONNECTIONS[contender.name],
        name=f"half-{contender.name}",
        batch=batch,
        people=options.profiles,
        seed=options.rounds + 1,
    )
    with probing(instance.port, batch) as probes:
        outcome = sender.run(order)
    instance.settle(_SETTLE_SECONDS)
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


def _figure(contender: Contender, half: dict[str, float]) -> Figure:
    return Figure(
        f"embedded/{contender.name}",
        1e6 / contender.cpu_us,
        {"events_per_s_by_wall_time": 1e6 / contender.wall_us, "cpu_us": contender.cpu_us, **half},
    )
