"""Many rounds by hand: `python -m kill --rounds 300`."""

# ruff: noqa: T201 - it speaks to whoever runs it

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from kill.rounds import run_lanes

_CHUNK = 50  # rounds between two checks


def main() -> int:
    """Exit code 1 when a promise was broken; the data stay for a look."""
    parser = argparse.ArgumentParser(prog="kill", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="how many deaths")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="leadflow-kill-"))
    began = time.monotonic()
    for first in range(0, given.rounds, _CHUNK):
        rounds = min(_CHUNK, given.rounds - first)
        try:
            saw = run_lanes(folder / str(first), rounds, seed=given.seed + first)
        except AssertionError as error:
            print(f"after {first} rounds and some: {error}\nthe data are in {folder}")
            return 1
        print(f"{first + rounds} rounds, {time.monotonic() - began:.0f} s: {saw}", flush=True)
    shutil.rmtree(folder)
    print("all promises hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
