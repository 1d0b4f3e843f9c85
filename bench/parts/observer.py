"""R1 and R2: the durable observer against a bare server on the same uvicorn."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench.events import Events
from bench.goals import Figure
from bench.http.load import Order, Outcome
from bench.http.processes import Load, Server, loading, serving
from bench.measure import Contender, Watch, share
from bench.options import Options
from bench.people import Crowd

BATCH = 100
_BODIES = 4_000  # different events, sent again and again: the observer does not look for copies
_WARM_UP = 500  # requests
_BATCH_CONNECTIONS = 32


def measure(options: Options, settings: Mapping[str, str] | None = None, prefix: str = "") -> list[Figure]:
    """Let the servers take turns under the same load. `settings` of the observer; `prefix` of the figures' names."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        single, batch = write_bodies(folder, Events(Crowd(options.profiles, 1)))
        load = stack.enter_context(loading())
        servers = {
            kind: stack.enter_context(serving(kind, folder, settings)) for kind in ("bare", "decode", "observer")
        }
        figures = [
            _compare(
                load,
                {"bare": servers["bare"], "observer": servers["observer"]},
                Order(port=0, path="", bodies=single, requests=options.requests, connections=count),
                options.rounds,
                f"{prefix}R1/{count}",
            )
            for count in (32, 128)
        ]
        order = Order(
            port=0, path="/v1/batch", bodies=batch, requests=options.requests // 20, connections=_BATCH_CONNECTIONS
        )
        contenders = {"bare + decode": servers["decode"], "observer": servers["observer"]}
        return [*figures, _compare(load, contenders, order, options.rounds, f"{prefix}R2", per_request=BATCH)]


def _compare(
    load: Load, servers: dict[str, Server], order: Order, rounds: int, name: str, *, per_request: int = 1
) -> Figure:
    contenders = {kind: Contender(kind) for kind in servers}
    times: list[Outcome] = []
    for server in servers.values():
        _run(load, server, order, _WARM_UP // per_request + order.connections)
    for _ in range(rounds):
        for kind, server in servers.items():
            watch, outcome = _run(load, server, order, order.requests)
            contenders[kind].add(order.requests * per_request, watch)
            if kind == "observer":
                times.append(outcome)
    baseline, observer = contenders.values()
    return Figure(
        name,
        share(baseline, observer),
        {
            "by_wall_time": share(baseline, observer, wall=True),
            **{f"{contender.name}_cpu_us": contender.cpu_us for contender in contenders.values()},
            "observer_events_per_s": 1e6 / observer.wall_us,
            "p50_ms": median(outcome.p50_ms for outcome in times),
            "p99_ms": median(outcome.p99_ms for outcome in times),
        },
    )


def _run(load: Load, server: Server, order: Order, requests: int) -> tuple[Watch, Outcome]:
    cpu = server.cpu()
    outcome = load.run(msgspec.structs.replace(order, port=server.port, requests=requests))
    return Watch(outcome.seconds, server.cpu() - cpu), outcome


def write_bodies(folder: Path, events: Events) -> tuple[str, str]:
    """Write the bodies of single events and of batches, one a line."""
    made = list(events.take(_BODIES))
    batches = (b'{"batch":[' + b",".join(made[at : at + BATCH]) + b"]}" for at in range(0, _BODIES, BATCH))
    return _write(folder / "single", made), _write(folder / "batch", batches)


def _write(path: Path, lines: Iterable[bytes]) -> str:
    path.write_bytes(b"\n".join(lines))
    return str(path)
