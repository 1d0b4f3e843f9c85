"""The peak of the tier of two million profiles on one small machine: the embedded pipeline, one event a request.

Shown, not computed: how long a stage change takes at that rate, how much of a core it needs, and how much memory. The
store holds `many_profiles` people, and those who come are drawn from all of them.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.goals import Figure
from bench.options import Options
from bench.pressure.instance import Instance, filled, up
from bench.pressure.offering import sending
from bench.pressure.probes import probing
from bench.pressure.sender import Order
from leadflow.core.sizing import TIERS

_CONNECTIONS = 256  # on a busy machine answers take their time, and no request may wait for a connection
_SETTLE_SECONDS = 120.0
_POOL = 20_000  # different events; people come back as often as Zipf says


def measure(options: Options) -> list[Figure]:
    """Fill a store, start on it, and send at the peak."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        began = time.monotonic()
        filled(folder, options.many_profiles)
        loading = time.monotonic() - began
        with up(folder) as instance:
            return [_at_the_peak(instance, options, {"loading_s": loading})]


def _at_the_peak(instance: Instance, options: Options, detail: dict[str, float]) -> Figure:
    order = Order(
        port=instance.port,
        seconds=options.seconds,
        rate=TIERS["2m"].workload.peak,
        connections=_CONNECTIONS,
        name="top",
        people=options.many_profiles,
        pool=_POOL,
    )
    with sending() as sender, probing(instance.port, instance.stream_port, order.batch) as probes:
        before, began = instance.cpu(), time.monotonic()
        outcome = sender.run(order)
        cores = (instance.cpu() - before) / (time.monotonic() - began)
    instance.settle(_SETTLE_SECONDS)
    times, vitals = probes.seconds, instance.vitals()
    return Figure(
        "top/p99",
        1e3 * times[len(times) * 99 // 100],
        {
            "stage_change_p50_ms": 1e3 * times[len(times) // 2],
            "events_per_s": len(outcome.accepted) / outcome.seconds,
            "unsent": float(outcome.unsent),
            "answer_p99_ms": outcome.p99_ms,
            "cores": cores,
            "rss_mb": vitals.rss_mb,
            "files_mb": vitals.files_mb,
            "profiles": float(options.many_profiles),
            "probes": float(len(times)),
            "probes_lost": float(probes.lost),
            **detail,
        },
    )
