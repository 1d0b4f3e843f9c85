"""What tracing costs the hops: a log and a store each for none, for one touchpoint in a hundred, and for all of them.

Spans are made, queued and encoded; no collector is there to take them, so that none of its work is measured.
"""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.events import Events
from bench.goals import Figure
from bench.measure import Contender, Watch, share
from bench.options import Options
from bench.people import Crowd
from bench.population import populate
from bench.workbench import Workbench, workbench
from leadflow.adapters.tracing_otlp import OtlpTracer
from leadflow.pipeline.traced import traced

_SHARES = {"none": None, "1%": 0.01, "all": 1.0}
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class _Lane:
    """One way to trace, with a pipeline of its own."""

    bench: Workbench
    events: Events
    tracer: OtlpTracer | None
    costs: Contender

    async def run(self, count: int) -> Watch:
        """Process fresh events; what processor and scoring took together."""
        await self.bench.send(self.events.take(count), self._trace())
        whole = Watch()
        for hop in (self.bench.processor, self.bench.scoring):
            _, watch = await self.bench.drain(traced(hop, self.tracer) if self.tracer else hop)
            whole.cpu += watch.cpu
            whole.seconds += watch.seconds
        return whole

    def _trace(self) -> Callable[[], str]:
        tracer = self.tracer
        if tracer is None:
            return lambda: ""
        return lambda: context.traceparent() if (context := tracer.begin(None)) else ""


def measure(options: Options) -> list[Figure]:
    """Let the lanes take turns."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it misses the collector
    return uvloop.run(_measure(options))


async def _measure(options: Options) -> list[Figure]:
    with ExitStack() as folders:
        async with AsyncExitStack() as stack:
            lanes = [
                await _lane(stack, Path(folders.enter_context(TemporaryDirectory())), name, options) for name in _SHARES
            ]
            for lane in lanes:
                await lane.run(options.events // 4)  # the warm-up
            for _ in range(options.rounds):
                for lane in lanes:
                    lane.costs.add(options.events, await lane.run(options.events))
    none, *others = [lane.costs for lane in lanes]
    return [
        Figure(
            f"tracing/{one.name}",
            share(none, one),
            {"none_cpu_us": none.cpu_us, "traced_cpu_us": one.cpu_us, "spread": one.spread},
        )
        for one in others
    ]


async def _lane(stack: AsyncExitStack, folder: Path, name: str, options: Options) -> _Lane:
    tracer = None
    if (sampled := _SHARES[name]) is not None:
        tracer = OtlpTracer("bench", "1", endpoint=_NOWHERE, share=sampled)
        stack.push_async_callback(tracer.close)
    bench = await stack.enter_async_context(workbench(folder, traces=tracer is not None))
    await populate(bench.store, options.profiles)
    return _Lane(bench, Events(Crowd(options.profiles, 1)), tracer, Contender(name))
