"""The store in ArangoDB against the store in SQLite: what the client pays, hop by hop, for the same events.

The server is the tests' double, in a process of its own: its time is not counted, and says nothing of ArangoDB's.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from tools.arango_double.process import place

from bench.events import Events
from bench.goals import Figure
from bench.measure import Contender
from bench.options import Options
from bench.people import Crowd
from bench.population import populate
from bench.workbench import Workbench, workbench
from leadflow.adapters.arango_schema import prepare
from leadflow.adapters.store_arango import ArangoStore

MOST_PROFILES = 20_000  # the double keeps documents in memory, as Python objects
HOPS = ("processor", "resolver", "scoring")


def measure(options: Options) -> list[Figure]:
    """Let both stores take turns with the same events."""
    return uvloop.run(_measure(options))


async def _measure(options: Options) -> list[Figure]:
    profiles = min(options.profiles, MOST_PROFILES)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "sqlite").mkdir()
        (folder / "arango").mkdir()
        server = stack.enter_context(place("bench"))
        await prepare(server.options)
        store = await ArangoStore.open(server.options)
        stack.push_async_callback(store.close)
        benches = {
            "sqlite": await stack.enter_async_context(workbench(folder / "sqlite")),
            "arango": await stack.enter_async_context(workbench(folder / "arango", store)),
        }
        for bench in benches.values():
            await populate(bench.store, profiles)
        events = Events(Crowd(profiles, 1))
        contenders = {(name, hop): Contender(f"{name}_{hop}") for name in benches for hop in HOPS}
        for number in range(options.rounds + 1):
            taken = list(events.take(options.events))
            for name, bench in benches.items():
                await _round(bench, taken, {hop: contenders[name, hop] for hop in HOPS} if number else {})
    return [_figure(contenders["sqlite", hop], contenders["arango", hop], hop) for hop in ("processor", "scoring")]


async def _round(bench: Workbench, events: Sequence[bytes], contenders: dict[str, Contender]) -> None:
    """All hops over these events; the first round only warms up."""
    await bench.send(events)
    for hop in HOPS:
        outcome = await bench.drain(getattr(bench, hop))
        if hop in contenders:
            contenders[hop].add(*outcome)


def _figure(sqlite: Contender, arango: Contender, hop: str) -> Figure:
    detail = {"sqlite_cpu_us": sqlite.cpu_us, "arango_cpu_us": arango.cpu_us, "spread": arango.spread}
    return Figure(f"arango/{hop}", arango.cpu_us / sqlite.cpu_us, detail)
