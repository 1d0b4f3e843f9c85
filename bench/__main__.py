"""`python -m bench`: measure some parts or all, print a table, write JSON, keep a history."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from bench.goals import Figure
from bench.options import Options
from bench.parts import (
    arango,
    day,
    documents,
    embedded,
    hops,
    intake,
    kafka,
    observer,
    overload,
    size,
    stages,
    top_tier,
    tracing,
)
from bench.rates import write_rates
from bench.report import read_history, record, run_of, table

Part = Callable[[Options], list[Figure]]

PARTS: dict[str, Part] = {
    "observer": observer.measure,
    "intake": intake.measure,
    "hops": hops.measure,
    "stages": stages.measure,
    "tracing": tracing.measure,
    "embedded": embedded.measure,
    "kafka": kafka.measure,
    "small": kafka.measure_small_batches,
    "arango": arango.measure,
    "documents": documents.measure,
    "top": top_tier.measure,
    "overload": overload.measure,
    "size": size.measure,
    "day": day.measure,
}
USUAL = ("observer", "hops", "embedded")  # minutes; the others take as long again, each
QUICK = Options(rounds=3, profiles=5_000, many_profiles=50_000, events=4_000, evidence=500, requests=2_000, seconds=5.0)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--all", action="store_true", help=f"all parts, not only {', '.join(USUAL)}")
    parser.add_argument("--quick", action="store_true", help="a look rather than a measurement: small and few rounds")
    parser.add_argument("--rounds", type=int, help="rounds; the median counts")
    parser.add_argument("--profiles", type=int, help="profiles that are there before")
    parser.add_argument("--many-profiles", type=int, help="profiles of the parts that look at large stores")
    parser.add_argument("--events", type=int, help="events per round and hop")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    parser.add_argument("--record", action="store_true", help="append to bench/history.jsonl")
    parser.add_argument(
        "--rates",
        action="store_true",
        help="write the history's rates into the package, for `leadflow size`; alone: only that",
    )
    given = parser.parse_args()
    if given.rates and not (given.part or given.all):
        sys.stdout.write(f"{write_rates(read_history())}\n")
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    options = QUICK if given.quick else Options()
    stated = {
        name: value
        for name in ("rounds", "profiles", "many_profiles", "events")
        if (value := getattr(given, name)) is not None
    }
    options = msgspec.structs.replace(options, **stated)
    figures: list[Figure] = []
    for name in given.part or (PARTS if given.all else USUAL):
        sys.stderr.write(f"measuring: {name}\n")
        figures += PARTS[name](options)
    run = run_of(figures, options)
    sys.stdout.write(table(run, read_history()) + "\n")
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    if given.record:
        record(run)
    if given.rates:
        sys.stdout.write(f"{write_rates(read_history())}\n")


if __name__ == "__main__":
    main()
