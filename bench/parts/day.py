"""A day at the peak rate of two million profiles, compressed: nothing may grow but what is kept.

The peak: a tenth of two million people on one day, 15 events each, in the hours of the peak four times the mean: 140
events a second, 12 million in a day of nothing but peak. The run takes a share of them in minutes, under a clock that
passes a day meanwhile: everything that goes by time (retention, trimming, hours of counts, caps a day) goes through
the whole day, everything that goes by number (caches, records) through the share.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.goals import Figure
from bench.options import Options
from bench.pressure.instance import Instance
from bench.pressure.offering import Sender, sending
from bench.pressure.sender import Order
from bench.pressure.vitals import Vitals

PEAK_PER_DAY = 140 * 86_400
_HOURS = 24
_RETENTION_HOURS = 6.0
_PACE = 12  # the day lasts so many times the seconds of the options
_RATE = 1_000.0  # events a second: what is far below capacity, as a tier is built
_BATCH = 10
_CONNECTIONS = 32
_PEOPLE = 2_000_000
_SETTLE_SECONDS = 120.0


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """How the process stood at the end of an hour, its connections closed."""

    vitals: Vitals
    tasks: int
    trimmed: int


def measure(options: Options) -> list[Figure]:
    """Live through the day hour by hour, with other people and new connections in each."""
    seconds = _PACE * options.seconds
    with TemporaryDirectory() as name, _hasty(Path(name), 86_400 / seconds) as instance, sending() as sender:
        accepted, hours = 0, []
        for number in range(_HOURS):
            accepted += _send(instance, sender, number, seconds / _HOURS)
            hours.append(_look(instance))
        instance.settle(_SETTLE_SECONDS)
    return _figures(accepted, hours)


def _send(instance: Instance, sender: Sender, number: int, seconds: float) -> int:
    order = Order(
        port=instance.port,
        seconds=seconds,
        rate=_RATE / _BATCH,
        connections=_CONNECTIONS,
        name=f"hour{number}",
        batch=_BATCH,
        people=_PEOPLE,
        pool=5_000,
        seed=number + 1,
    )
    return len(sender.run(order).accepted) * _BATCH


def _look(instance: Instance) -> Hour:
    inside = msgspec.json.decode(instance.ask("/bench/vitals")[1])
    return Hour(vitals=instance.vitals(), tasks=inside["tasks"], trimmed=inside["trimmed"])


def _figures(accepted: int, hours: list[Hour]) -> list[Figure]:
    """Compare the second half of the day with its middle; the first half fills caches and the retention."""
    middle, later = hours[_HOURS // 2 - 3 : _HOURS // 2], hours[-3:]
    detail = {
        "events": float(accepted),
        "share_of_the_day": accepted / PEAK_PER_DAY,
        "trimmed_records": float(hours[-1].trimmed),
        "rss_first_mb": hours[0].vitals.rss_mb,
        "rss_middle_mb": max(hour.vitals.rss_mb for hour in middle),
        "rss_end_mb": max(hour.vitals.rss_mb for hour in later),
        "wal_middle_mb": max(hour.vitals.wal_mb for hour in middle),
        "wal_end_mb": max(hour.vitals.wal_mb for hour in later),
        "descriptors_first": float(hours[0].vitals.descriptors),
        "descriptors_end": float(hours[-1].vitals.descriptors),
        "tasks_first": float(hours[0].tasks),
        "tasks_end": float(hours[-1].tasks),
        "threads_end": float(hours[-1].vitals.threads),
        "files_mb": hours[-1].vitals.files_mb,
    }
    return [
        Figure("day/memory", detail["rss_end_mb"] / detail["rss_middle_mb"], detail),
        Figure("day/wal", max(hour.vitals.wal_mb for hour in hours), {}),
        Figure("day/descriptors", detail["descriptors_end"] - detail["descriptors_first"], {}),
        Figure("day/tasks", detail["tasks_end"] - detail["tasks_first"], {}),
    ]


@contextmanager
def _hasty(folder: Path, speed: float) -> Iterator[Instance]:
    """Run the pipeline under the fast clock."""
    process = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-m", "bench.pressure.hasty", str(folder), str(speed), str(_RETENTION_HOURS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101  both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError("the hasty pipeline did not start")
        yield Instance(process, int(line), folder)
    finally:
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
