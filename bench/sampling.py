"""`python -m bench.sampling processor`: where a hop's CPU time goes, by function, sampled every half millisecond.

Time that threads spend while the event loop waits (SQLite writing and reading) is listed by the line that each is at.
"""

import argparse
import signal
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import uvloop

from bench.events import Events
from bench.people import Crowd
from bench.population import populate
from bench.workbench import workbench

_EVERY_SECONDS = 0.0005
_LISTED = 45
_PASSED_OVER = frozenset(("take", "wait", "get", "_serve", "_worker"))  # this, and threads that wait
_LOOP = "runners.py"  # where the event loop's thread is while it runs nothing of ours


class Samples:
    """Counts of functions on the event loop's stack, and of lines on threads while the loop waits."""

    def __init__(self) -> None:
        self.total = 0
        self.functions: Counter[str] = Counter()
        self.threads: Counter[str] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        """Count one sample; a handler of SIGPROF."""
        self.total += 1
        if frame is not None and frame.f_code.co_filename.endswith(_LOOP):
            others = sys._current_frames().values()  # noqa: SLF001 - what it is for
            self.threads.update(_line(other) for other in others if other.f_code.co_name not in _PASSED_OVER)
        stack: set[str] = set()
        while frame is not None:
            stack.add(f"{Path(frame.f_code.co_filename).name} {frame.f_code.co_qualname}")
            frame = frame.f_back
        self.functions.update(stack)

    def print(self, cpu_us: float) -> None:
        """Print microseconds per event, what a function calls included."""
        for title, counts in (("the event loop", self.functions), ("threads beside it", self.threads)):
            sys.stdout.write(f"{title}:\n")
            for name, count in counts.most_common(_LISTED):
                sys.stdout.write(f"{cpu_us * count / self.total:8.2f}  {name}\n")


def _line(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name} {frame.f_code.co_qualname}:{frame.f_lineno}"


async def _sample(hop: str, profiles: int, events: int) -> None:
    samples = Samples()
    with TemporaryDirectory() as name:
        async with workbench(Path(name)) as bench:
            await populate(bench.store, profiles)
            made = Events(Crowd(profiles, 1))
            await bench.send(made.evidence(events) if hop == "resolver" else made.take(events))
            for before in ("processor", "resolver", "scoring"):
                if before == hop:
                    break
                await bench.drain(getattr(bench, before))
            signal.signal(signal.SIGPROF, samples.take)
            signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
            count, watch = await bench.drain(getattr(bench, hop))
            signal.setitimer(signal.ITIMER_PROF, 0)
    cpu_us = 1e6 * watch.cpu / count
    sys.stdout.write(f"{hop}: {cpu_us:.1f} us of CPU time a record, {count} records\n")
    samples.print(cpu_us)


def main() -> None:
    """Sample what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.sampling", description=__doc__)
    parser.add_argument("hop", choices=("processor", "resolver", "scoring"))
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=40_000)
    given = parser.parse_args()
    uvloop.run(_sample(given.hop, given.profiles, given.events))


if __name__ == "__main__":
    main()
