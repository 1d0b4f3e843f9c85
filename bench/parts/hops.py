"""R3, R4 and the resolver: each hop alone, against the no-op loop on the same log, in the same round."""

from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.events import Events
from bench.goals import Figure
from bench.measure import Contender, share
from bench.options import Options
from bench.people import Crowd
from bench.population import populate
from bench.workbench import Workbench, workbench
from leadflow.pipeline.hop import Hop

PROCESSOR = ("noop_touchpoints", "processor")
RESOLVER = ("resolver",)
SCORING = ("noop_resolved", "scoring")
NAMES = (*PROCESSOR, *RESOLVER, *SCORING)


def measure(options: Options) -> list[Figure]:
    """Let the hops take turns over fresh events; then the resolver over evidence alone."""
    return uvloop.run(_measure(options))


async def _measure(options: Options) -> list[Figure]:
    with TemporaryDirectory() as name:
        async with workbench(Path(name)) as bench:
            await populate(bench.store, options.profiles)
            events = Events(Crowd(options.profiles, 1))
            await _round(bench, events, options.events // 4, _contenders())  # the warm-up
            mixed, news = _contenders(), _contenders()
            for _ in range(options.rounds):
                await _round(bench, events, options.events, mixed)
                await _evidence(bench, events, options.evidence, news)
    return figures(mixed, news["resolver"])


def _contenders() -> dict[str, Contender]:
    return {name: Contender(name) for name in NAMES}


async def _round(bench: Workbench, events: Events, count: int, contenders: dict[str, Contender]) -> None:
    await bench.send(events.take(count))
    for name, contender in contenders.items():
        contender.add(*await bench.drain(_hop(bench, name)))


async def _evidence(bench: Workbench, events: Events, count: int, contenders: dict[str, Contender]) -> None:
    await bench.send(events.evidence(count))
    for name, contender in contenders.items():
        contender.add(*await bench.drain(_hop(bench, name)))


def _hop(bench: Workbench, name: str) -> Hop:
    hop = getattr(bench, name)
    assert isinstance(hop, Hop)  # noqa: S101  the names above are those of hops
    return hop


def figures(mixed: dict[str, Contender], resolver: Contender) -> list[Figure]:
    """What the rounds come to."""
    processor, scoring = mixed["processor"], mixed["scoring"]
    return [
        _figure("R3", mixed["noop_touchpoints"], processor),
        _figure("R4", mixed["noop_resolved"], scoring),
        Figure(
            "resolver",
            resolver.cpu_us / processor.cpu_us,
            {"resolver_cpu_us": resolver.cpu_us, "processor_cpu_us": processor.cpu_us},
        ),
    ]


def _figure(name: str, baseline: Contender, contender: Contender) -> Figure:
    return Figure(
        name,
        share(baseline, contender),
        {
            "by_wall_time": share(baseline, contender, wall=True),
            f"{baseline.name}_cpu_us": baseline.cpu_us,
            f"{contender.name}_cpu_us": contender.cpu_us,
            f"{contender.name}_wall_us": contender.wall_us,
            "spread": contender.spread,
        },
    )
