"""Run the simulator by hand: many seeds on all cores, or one again with its diary."""
# ruff: noqa: T201  it speaks to whoever runs it

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from os import cpu_count

from simulator.run import Outcome, run_seed
from simulator.scenarios import SCENARIOS

_CHUNK = 20  # seeds per task


def _chunk(name: str, seeds: range) -> list[Outcome]:
    return [run_seed(seed, name) for seed in seeds]


def _one(seed: int, name: str, *, verbose: bool) -> int:
    outcome = run_seed(seed, name, traced=verbose)
    if verbose:
        print("\n".join(outcome.diary))
    print(f"seed {seed}, scenario {name!r}, {outcome.steps} steps:", "; ".join(outcome.broken) or "all promises hold")
    return bool(outcome.broken)


def _many(first: int, seeds: int, names: list[str], seconds: float) -> int:
    began = time.monotonic()
    total: Counter[str] = Counter()
    failed = 0
    with ProcessPoolExecutor(cpu_count()) as pool:
        tasks = [
            pool.submit(_chunk, name, range(start, min(start + _CHUNK, first + seeds)))
            for start in range(first, first + seeds, _CHUNK)
            for name in names
        ]
        for task in as_completed(tasks):
            for outcome in task.result():
                total[outcome.scenario] += 1
                if outcome.broken:
                    failed += 1
                    print(f"seed {outcome.seed}, scenario {outcome.scenario!r}: {'; '.join(outcome.broken)[:400]}")
            if seconds and time.monotonic() - began > seconds:
                for waiting in tasks:
                    waiting.cancel()
                break
    print(f"{sum(total.values())} runs in {time.monotonic() - began:.0f} s, {failed} failed: {dict(total)}")
    return bool(failed)


def main() -> int:
    """Exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=sorted(SCENARIOS), help="all by default")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--seeds", type=int, default=100, help="how many for each scenario")
    parser.add_argument("--first", type=int, default=0, help="where they begin")
    parser.add_argument("--seconds", type=float, default=0, help="stop after so long")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the diary of --seed")
    given = parser.parse_args()
    names = given.scenario or list(SCENARIOS)
    if given.seed is not None:
        return max(_one(given.seed, name, verbose=given.verbose) for name in names)
    return _many(given.first, given.seeds, names, given.seconds)


if __name__ == "__main__":
    sys.exit(main())
