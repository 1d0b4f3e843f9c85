"""Four times as many requests as the pipeline can do: what is shed and how, what stays bounded, how it recovers."""

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.goals import Figure
from bench.options import Options
from bench.people import Person
from bench.pressure.aftermath import missing
from bench.pressure.instance import Instance, filled, up
from bench.pressure.offering import Running, Sender, sending
from bench.pressure.probes import demo
from bench.pressure.sender import Order, Outcome
from bench.pressure.vitals import Vitals

TIMES = 4
_LOAD_ROUNDS = 3  # the overload lasts so many times the seconds of the options: a minute
_CONNECTIONS = 1_000
_MAX_LAG = 20_000  # lower than shipped, so that the overload lasts long enough to reach it
_LOOK_SECONDS = 1.0
_SETTLE_SECONDS = 300.0
_AGAIN_SECONDS = 0.01
_SOMEBODY = 800_000_000
_OK = 200


def measure(options: Options) -> list[Figure]:
    """Find the capacity, offer four times that, and look at what comes of it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder, options.profiles)
        with ExitStack() as stack:
            instance = stack.enter_context(up(folder, {"LEADFLOW_MAX_LAG": str(_MAX_LAG)}))
            sender = stack.enter_context(sending())
            capacity, before = _capacity(instance, sender, options)
            order = _order(
                instance,
                options,
                "over",
                seconds=_LOAD_ROUNDS * options.seconds,
                rate=TIMES * capacity,
                connections=_CONNECTIONS,
            )
            with sender.running(order) as running:
                looks = _watch(instance, running)
            first_ms = _first_answer(instance)
            settled = instance.settle(_SETTLE_SECONDS)
        over = running.result
        lost = uvloop.run(missing(folder, {"capacity": before.accepted, "over": over.accepted}))
        return _figures(capacity, over, looks, {"recovery_ms": first_ms, "settled_s": settled, "lost": float(lost)})


def _capacity(instance: Instance, sender: Sender, options: Options) -> tuple[float, Outcome]:
    """Requests a second from HTTP to the last stage change."""
    outcome = sender.run(_order(instance, options, "capacity", seconds=options.seconds, rate=0, connections=64))
    return len(outcome.accepted) / (outcome.seconds + instance.settle(_SETTLE_SECONDS)), outcome


def _order(instance: Instance, options: Options, name: str, *, seconds: float, rate: float, connections: int) -> Order:
    return Order(
        port=instance.port,
        seconds=seconds,
        rate=rate,
        connections=connections,
        name=name,
        people=options.profiles,
        pool=20_000,
    )


class _Look:
    """One look during the overload."""

    def __init__(self, instance: Instance) -> None:
        began = time.perf_counter()
        self.ready = instance.ask("/readyz")[0]
        self.ready_ms = 1e3 * (time.perf_counter() - began)
        self.lag = instance.lag()
        self.vitals: Vitals = instance.vitals()


def _watch(instance: Instance, running: Running) -> list[_Look]:
    looks = []
    while running.is_alive():
        looks.append(_Look(instance))
        time.sleep(_LOOK_SECONDS)
    return looks


def _first_answer(instance: Instance) -> float:
    """How many milliseconds after the overload a new request succeeds, coming again as long as it is refused."""
    body = demo(Person(_SOMEBODY), "after-the-overload")
    began = time.perf_counter()
    while instance.post("/v1/track", body) != _OK:
        time.sleep(_AGAIN_SECONDS)
    return 1e3 * (time.perf_counter() - began)


def _figures(capacity: float, over: Outcome, looks: list[_Look], after: dict[str, float]) -> list[Figure]:
    offered = sum(over.answers.values()) + over.unsent
    half = len(looks) // 2
    detail = {
        "capacity_per_s": capacity,
        "offered_per_s": offered / over.seconds,
        "accepted_per_s": len(over.accepted) / over.seconds,
        "accepted_p50_ms": over.p50_ms,
        "accepted_max_ms": over.max_ms,
        "refused": float(over.answers.get("503", 0)),
        "refused_p99_ms": over.refused_p99_ms,
        "refused_without_retry_after": float(over.without_retry_after),
        "other_answers": float(sum(n for status, n in over.answers.items() if status not in {"200", "503"})),
        "not_even_sent": float(over.unsent),
        "most_lag": float(max(look.lag for look in looks)),
        "ready_of_looks": sum(look.ready == _OK for look in looks) / len(looks),
        "ready_ms": max(look.ready_ms for look in looks),
        "rss_half_mb": max(look.vitals.rss_mb for look in looks[: half + 1]),
        "rss_mb": max(look.vitals.rss_mb for look in looks),
        "wal_mb": max(look.vitals.wal_mb for look in looks),
        **after,
    }
    return [
        Figure("overload/p99", over.p99_ms, detail),
        Figure("overload/recovery", after["recovery_ms"], {}),
        Figure("overload/lost", after["lost"], {}),
    ]
