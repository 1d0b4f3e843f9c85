"""The observer of this tree and of another one, in turns under the same load: `python -m bench.against ../other-tree`.

On a machine that other work shares, figures of two runs say little about two commits; in turns they meet like noise.
Prints for each: CPU per event in microseconds, median and best of the rounds, the share of the baseline's rate, p50.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench.events import Events
from bench.http.load import Order
from bench.http.processes import Load, Server, loading, serving
from bench.parts.observer import BATCH, write_bodies
from bench.people import Crowd

_PEOPLE = 20_000
_SERVICES = ("observer", "processor", "scoring", "admin-api")


@dataclass(slots=True)
class _Rival:
    """A server that takes its turns, and what they have cost."""

    name: str
    server: Server
    cpu_us: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)

    def turn(self, load: Load, order: Order, events: int) -> None:
        """Carry the order out."""
        before = self.server.cpu()
        outcome = load.run(msgspec.structs.replace(order, port=self.server.port))
        self.cpu_us.append(1e6 * (self.server.cpu() - before) / events)
        self.p50_ms.append(outcome.p50_ms)

    def told(self, baseline: "_Rival") -> str:
        """Tell it in a line."""
        share = median(base / own for base, own in zip(baseline.cpu_us, self.cpu_us, strict=True))
        return (
            f"{self.name:10} median {median(self.cpu_us):6.1f}  best {min(self.cpu_us):6.1f}"
            f"  share {share:.3f}  p50 {median(self.p50_ms):.1f} ms"
        )


def _path(tree: Path) -> str:
    """Where the code of a tree is, for its own processes."""
    services = (tree / "services" / name for name in _SERVICES)
    return ":".join(map(str, (tree, tree / "src", *services)))


def _compare(other: Path, *, connections: int, requests: int, rounds: int, batches: bool) -> None:
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        single, batch = write_bodies(folder, Events(Crowd(_PEOPLE, 1)))
        load = stack.enter_context(loading())

        def rival(title: str, kind: str, tree: Path) -> _Rival:
            own = folder / title
            own.mkdir()
            return _Rival(title, stack.enter_context(serving(kind, own, {"PYTHONPATH": _path(tree.resolve())})))

        here = Path(__file__).parents[1]
        baseline = rival("baseline", "decode" if batches else "bare", here)
        rivals = (baseline, rival("other", "observer", other), rival("this", "observer", here))
        order = Order(
            port=0,
            path="/v1/batch" if batches else "",
            bodies=batch if batches else single,
            requests=requests // BATCH if batches else requests,
            connections=connections,
        )
        for number in range(rounds + 1):
            for each in rivals:
                each.turn(load, order, requests)
                if number == 0:  # it warms up
                    each.cpu_us.clear()
                    each.p50_ms.clear()
        for each in rivals:
            sys.stdout.write(each.told(baseline) + "\n")


def main() -> None:
    """Read the arguments and compare."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("other", type=Path, help="another checkout, as `git worktree add` makes one")
    arguments.add_argument("--connections", type=int, default=32)
    arguments.add_argument("--requests", type=int, default=4_000, help="a turn; with --batches events, not requests")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--batches", action="store_true", help="of 100 events")
    given = arguments.parse_args()
    _compare(
        given.other,
        connections=given.connections,
        requests=given.requests,
        rounds=given.rounds,
        batches=given.batches,
    )


if __name__ == "__main__":
    main()
