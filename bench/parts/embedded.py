"""Everything in one process: what a core serves from HTTP to stage change, and the times at half of that load."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.goals import Figure
from bench.measure import Contender
from bench.options import Options
from bench.pressure.instance import filled, up
from bench.pressure.offering import sending
from bench.pressure.rounds import KINDS, full, half, order


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
                sample = full(instance, sender, order(instance, kind, options, number))
                if number:  # the first round warms up
                    contender.add(*sample)
        return [_figure(contender, half(instance, sender, contender, options)) for contender in contenders.values()]


def _figure(contender: Contender, half: dict[str, float]) -> Figure:
    return Figure(
        f"embedded/{contender.name}",
        1e6 / contender.cpu_us,
        {"events_per_s_by_wall_time": 1e6 / contender.wall_us, "cpu_us": contender.cpu_us, **half},
    )
