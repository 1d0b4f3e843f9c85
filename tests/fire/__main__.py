"""A drill by hand: `python -m fire --seed 7 --touchpoints 50000 --deeds 60`, or several with `--drills 5`."""

# ruff: noqa: T201 - it speaks to whoever runs it

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from fire.drill import Drill
from tools.broker import running


def main() -> int:
    """Exit code 1 when a promise was broken; the data and the logs stay for a look."""
    parser = argparse.ArgumentParser(prog="fire", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--touchpoints", type=int, default=50_000)
    parser.add_argument("--deeds", type=int, default=60, help="how often somebody is killed, stopped, frozen, joined")
    parser.add_argument("--drills", type=int, default=1, help="how many, each with the seed after the last one's")
    given = parser.parse_args()
    for seed in range(given.seed, given.seed + given.drills):
        folder = Path(tempfile.mkdtemp(prefix="leadflow-fire-"))
        try:
            with running() as cluster:
                saw = Drill(cluster, folder, seed, given.touchpoints, given.deeds).run()
        except AssertionError as error:
            print(f"{error}\nthe data are in {folder}")
            return 1
        shutil.rmtree(folder)
        print(f"seed {seed}: {saw}", flush=True)
    print("all promises hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
