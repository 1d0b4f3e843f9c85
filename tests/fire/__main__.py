"""The fire by hand: `python -m fire --seed 7 --touchpoints 50000 --deeds 60`, or another part of it."""

# ruff: noqa: T201 - it speaks to whoever runs it

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from fire.crowding import Crowding, hot_profile, merge_storm
from fire.drill import Drill
from fire.outage import Outage
from fire.stories import away, one_of_three
from tools.arango_double.process import place
from tools.broker import Cluster, Node, running

Run = Callable[[Cluster, Path], dict[str, Any]]


def drills(given: argparse.Namespace) -> Iterator[tuple[str, int, Run]]:
    """Somebody dies, sleeps or joins all the time."""

    def drill(seed: int) -> Run:
        def run(cluster: Cluster, folder: Path) -> dict[str, Any]:
            with place("fire") if given.arango else nullcontext() as documents:
                return Drill(cluster, folder, seed, given.touchpoints, given.deeds, documents).run()

        return run

    for seed in range(given.seed, given.seed + given.drills):
        yield f"seed {seed}", 1, drill(seed)


def outages(_: argparse.Namespace) -> Iterator[tuple[str, int, Run]]:
    """The broker goes away, or a third of it."""
    yield "broker stopped", 1, lambda cluster, folder: Outage(cluster, folder).run(away(Node.stop))
    yield "broker killed", 1, lambda cluster, folder: Outage(cluster, folder).run(away(Node.kill))
    yield "one of three killed", 3, lambda cluster, folder: Outage(cluster, folder).run(one_of_three)


def crowds(given: argparse.Namespace) -> Iterator[tuple[str, int, Run]]:
    """Ordinary people alone, beside a hot profile, beside a merge storm."""

    def beside(crowd: list[Any]) -> Run:
        return lambda cluster, folder: Crowding(cluster, folder, given.others, given.rate).run(crowd)

    yield "nobody else", 1, beside([])
    yield "a hot profile", 1, beside(hot_profile(given.others))
    yield "a merge storm", 1, beside(merge_storm(given.ids))


PARTS = {"drill": drills, "outage": outages, "crowding": crowds}


def main() -> int:
    """Exit code 1 when a promise was broken; the data and the logs stay for a look."""
    parser = argparse.ArgumentParser(prog="fire", description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="drill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--touchpoints", type=int, default=50_000)
    parser.add_argument("--deeds", type=int, default=60, help="how often somebody is killed, stopped, frozen, joined")
    parser.add_argument("--arango", action="store_true", help="drill: documents in ArangoDB, in trouble of its own")
    parser.add_argument("--drills", type=int, default=1, help="how many, each with the seed after the last one's")
    parser.add_argument("--others", type=int, default=5_000, help="crowding: touchpoints of ordinary people")
    parser.add_argument("--rate", type=float, default=20, help="crowding: their requests a second")
    parser.add_argument("--ids", type=int, default=10_000, help="crowding: anonymous ids that claim one address")
    given = parser.parse_args()
    for name, nodes, run in PARTS[given.part](given):
        folder = Path(tempfile.mkdtemp(prefix="leadflow-fire-"))
        try:
            with running(nodes) as cluster:
                saw = run(cluster, folder)
        except AssertionError as error:
            print(f"{name}: {error}\nthe data are in {folder}")
            return 1
        shutil.rmtree(folder)
        print(f"{name}: {saw}", flush=True)
    print("all promises hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
