"""Log, store, workers and schedule of one run."""

import random
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import Any, TypeVar

import msgspec
from simulator.broker import Broker
from simulator.faults import Faults
from simulator.faulty_log import FaultyLog
from simulator.faulty_store import FaultyStore
from simulator.replays import replayed
from simulator.scenarios import Scenario
from simulator.schedule import Schedule
from simulator.story import START
from simulator.worker import Worker
from tools.arango_double.in_process import store_in_process

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import load_model
from leadflow.core.scoring.model import Model
from leadflow.pipeline.hop import Surroundings
from leadflow.ports import Emit, Store
from leadflow_processor import service as processor_service
from leadflow_scoring import service as scoring_service

T = TypeVar("T")

PARTITIONS = 3
ROLES = ("processor", "scoring")
SHARDS = ("x", "y", "z", "w")  # keys of `touchpoints`: nothing depends on them

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class VirtualClock:
    """The schedule's time as milliseconds since the epoch."""

    schedule: Schedule

    def now(self) -> int:
        """See `ports.Clock`."""
        return START + int(self.schedule.loop.now * 1_000)


@cache
def models() -> tuple[Model, Model]:
    """The shipped model, and the same with a dearer hand-raise."""
    text = (resources.files("leadflow.models") / "b2b.yaml").read_text()
    changed = text.replace("points: 40", "points: 90")
    return load_model(text, "b2b.yaml"), load_model(changed, "changed.yaml")


class World:
    """Everything that outlives a worker, and the workers of now and before."""

    def __init__(self, seed: int, scenario: Scenario, *, traced: bool = False) -> None:
        self.scenario = scenario
        self.schedule = Schedule(seed, traced=traced)
        self.clock = VirtualClock(self.schedule)
        gaps = random.Random(seed) if scenario.gaps else None  # noqa: S311  its own: it disturbs no other choice
        self.log = MemoryLog(
            partitions=PARTITIONS, clock=self.clock, marks=lambda: gaps.choice((1, 1, 2, 5)) if gaps else 0
        )
        self.store: Store = at_once(store_in_process()) if scenario.arango else MemoryStore()
        self.faults = Faults(self.schedule, scenario.odds)
        self.broker = Broker(self.log, self.schedule, self.faults, scenario.batch)
        self.hasher = Hasher(b"a secret of the simulator")
        self.rules = IdentityRules(limits={"email": 2}) if scenario.limits else IdentityRules()
        self.model = models()[0]
        self.workers: list[Worker] = []
        self.accepted: dict[str, Touchpoint] = {}  # as it was first sent, by message id
        self.failures: list[str] = []
        self.sick = scenario.sick
        self._born = 0

    def spawn(self, role: str) -> None:
        """Start a fresh worker: a new process, which remembers nothing."""
        self._born += 1
        worker = Worker(f"{role}-{self._born}", role, self.schedule)
        self.schedule.note(f"  {worker.name} starts")
        around = Surroundings(
            FaultyLog(self.log, self.broker, worker),
            FaultyStore(self.store, worker, self.schedule, self.faults),
            self.clock,
            worker.stop,
        )
        if role == "processor":
            hops = partial(processor_service.hops, hasher=self.hasher, rules=self.rules)
        else:
            hops = partial(scoring_service.hops, model=self.model)
        worker.start(around, hops)
        self.workers.append(worker)

    def replay(self, *, simulated: bool) -> None:
        """Start somebody who rebuilds leads: those that differ, or `simulated` all of them."""
        self._born += 1
        worker = Worker(f"replay-{self._born}", "replay", self.schedule)
        log = FaultyLog(self.log, self.broker, worker)
        store = FaultyStore(self.store, worker, self.schedule, self.faults)
        worker.begin(partial(replayed, log, store, self.model, simulated=simulated))
        self.workers.append(worker)

    def bury(self) -> None:
        """Forget workers that have ended; one that died of an error is a finding."""
        for worker in [worker for worker in self.workers if worker.ended]:
            self.workers.remove(worker)
            if worker.failure is not None:
                self.failures.append(f"a worker died of {_innermost(worker.failure)!r}")

    def living(self, role: str | None = None) -> list[Worker]:
        """The workers that are awake."""
        return [worker for worker in self.workers if worker.awake and not worker.dead and role in {None, worker.role}]

    def send(self, touchpoint: Touchpoint, times: int = 1) -> None:
        """Accept a touchpoint, perhaps several times, each time under another key."""
        self.accepted.setdefault(touchpoint.message_id, touchpoint)
        keys = [self.schedule.random.choice(SHARDS) for _ in range(times)]
        self.schedule.note(f"  touchpoint {touchpoint.message_id} under {keys}")
        self.log.write([Emit(topic=topics.TOUCHPOINTS, key=key, value=_encode(touchpoint)) for key in keys])

    def close(self) -> None:
        """End whatever still runs."""
        for worker in self.workers:
            worker.kill()
        self.schedule.act = lambda: None
        self.schedule.run(1_000)
        self.schedule.loop.close()


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a call of a port in memory, which never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise RuntimeError("a port in memory has waited")


def _innermost(error: BaseException) -> BaseException:
    """The first error of nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
