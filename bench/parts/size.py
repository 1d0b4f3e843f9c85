"""A store of many profiles against a small one, with the same number of active people: cost per event, and memory."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.events import Events
from bench.goals import Figure
from bench.measure import Contender, Watch, share
from bench.options import Options
from bench.people import Crowd, Person
from bench.population import populate
from bench.pressure.instance import Instance, up
from bench.pressure.offering import sending
from bench.pressure.sender import Order
from bench.pressure.vitals import Vitals
from bench.workbench import Workbench, workbench

FEW = 10_000  # and the active people of both
_HOPS = ("processor", "resolver", "scoring")
_CONNECTIONS = 64
_LOOK_SECONDS = 0.5
_ROUND_SHARE = 2  # of the events of a round: two stores take turns, and all three hops on each
_LOAD_ROUNDS = 3  # of `seconds` each: with other people every time, so that every cache fills up


class Scattered(Crowd):
    """The active people of a large store: as many, and spread over all of it."""

    def __init__(self, size: int, of: int, seed: int) -> None:
        super().__init__(size, seed)
        self._apart = of // size

    def someone(self) -> Person:
        """Draw a person."""
        return Person(super().someone().number * self._apart)


def measure(options: Options) -> list[Figure]:
    """Fill both, let them take turns, then load the larger one over HTTP."""
    with TemporaryDirectory() as name:
        few, many = Path(name) / "few", Path(name) / "many"
        few.mkdir()
        many.mkdir()
        growth = uvloop.run(_growth(few, many, options))
        return [growth, _memory(many, options)]


async def _growth(few: Path, many: Path, options: Options) -> Figure:
    async with AsyncExitStack() as stack:
        small = await stack.enter_async_context(workbench(few))
        large = await stack.enter_async_context(workbench(many))
        await populate(small.store, FEW)
        began = time.monotonic()
        await populate(large.store, options.many_profiles)
        loading = time.monotonic() - began
        contenders = {"few": (small, Scattered(FEW, FEW, 1)), "many": (large, Scattered(FEW, options.many_profiles, 1))}
        streams = {name: (bench, Events(crowd)) for name, (bench, crowd) in contenders.items()}
        results = {name: Contender(name) for name in streams}
        hops = {f"{name} {hop}": Contender(f"{name} {hop}") for name in streams for hop in _HOPS}
        count = options.events // _ROUND_SHARE
        for number in range(options.rounds + 1):
            for name, (bench, events) in streams.items():
                watches = [watch async for watch in _round(bench, events, count)]
                if number:  # the first round warms the caches up
                    for hop, watch in zip(_HOPS, watches, strict=True):
                        hops[f"{name} {hop}"].add(count, watch)
                    results[name].add(count, _sum(watches))
        return Figure(
            "growth",
            1 / share(results["few"], results["many"]),
            {
                "by_wall_time": 1 / share(results["few"], results["many"], wall=True),
                **{f"{name}_cpu_us": contender.cpu_us for name, contender in results.items()},
                **{f"{name}_cpu_us": contender.cpu_us for name, contender in hops.items()},
                "profiles": float(options.many_profiles),
                "loading_s": loading,
                "store_mb": (many / "store.db").stat().st_size / 1e6,
            },
        )


async def _round(bench: Workbench, events: Events, count: int) -> AsyncIterator[Watch]:
    await bench.send(events.take(count))
    for hop in _HOPS:
        _, watch = await bench.drain(getattr(bench, hop))
        yield watch


def _sum(watches: list[Watch]) -> Watch:
    return Watch(sum(watch.seconds for watch in watches), sum(watch.cpu for watch in watches))


def _memory(folder: Path, options: Options) -> Figure:
    """Start the pipeline on the large store, load it with people from all over it, and watch its memory."""
    with up(folder) as instance, sending() as sender:
        idle = instance.vitals()
        looks: list[Vitals] = []
        accepted = 0
        for number in range(_LOAD_ROUNDS):
            order = Order(
                port=instance.port,
                seconds=options.seconds,
                rate=0,
                connections=_CONNECTIONS,
                name=f"memory{number}",
                batch=1 if number % 2 else 20,
                people=options.many_profiles,
                pool=20_000,
                seed=number + 1,
            )
            with sender.running(order) as running:
                looks += _looks(instance, running.is_alive)
            accepted += len(running.result.accepted) * order.batch
        return Figure(
            "memory",
            max(vitals.rss_mb for vitals in looks),
            {
                "idle_mb": idle.rss_mb,
                "last_mb": looks[-1].rss_mb,
                "events": float(accepted),
                "wal_mb": max(vitals.wal_mb for vitals in looks),
                "files_mb": looks[-1].files_mb,
            },
        )


def _looks(instance: Instance, alive: Callable[[], bool]) -> Iterator[Vitals]:
    while alive():
        yield instance.vitals()
        time.sleep(_LOOK_SECONDS)
