"""One seed of one scenario: storm, calm, checks; repairs; all of it again over the same store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest.mock import patch

from simulator import again, forest, promises
from simulator.director import Director
from simulator.observed import observe
from simulator.scenarios import SCENARIOS
from simulator.story import POISON, repaired
from simulator.world import World

from leadflow.contracts.topics import IDENTITY, TOUCHPOINTS
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.touchpoint import Signal
from leadflow.pipeline import checkpoint, hop
from leadflow.pipeline.scoring import lead, parking, poison
from leadflow.pipeline.scoring.counting import signal_of
from leadflow_scoring import service

_CHECKS = (*promises.CHECKS, *forest.CHECKS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: `broken` promises (none is well), and the diary when it was wanted."""

    seed: int
    scenario: str
    broken: tuple[str, ...]
    steps: int
    diary: tuple[str, ...] = ()


class _Silent:
    """Stands in for the logger: workers complain about every fault."""

    def info(self, *_: object, **__: object) -> None:
        """Nobody reads it."""

    warning = error = exception = info


class _Jitter:
    """Stands in for the module `random` where the pipeline spreads its pauses."""

    def __init__(self, world: World) -> None:
        self.uniform = world.schedule.random.uniform


def run_seed(seed: int, name: str, *, traced: bool = False) -> Outcome:
    """Run one seed; the same seed takes the same course in every process."""
    world = World(seed, SCENARIOS[name], traced=traced)
    time = world.schedule.loop.time
    with (
        patch.object(hop, "perf_counter", time),
        patch.object(hop, "random", _Jitter(world)),
        patch.object(hop, "logger", _Silent()),
        patch.object(checkpoint, "logger", _Silent()),
        patch.object(parking, "logger", _Silent()),
        patch.object(poison, "logger", _Silent()),
        patch.object(service, "logger", _Silent()),
        patch.object(lead, "signal_of", _poisoned(signal_of)),
    ):
        try:
            broken = tuple(dict.fromkeys(_course(world)))
        finally:
            world.close()
    return Outcome(seed, name, broken, world.schedule.steps, tuple(world.schedule.trace or ()))


def _poisoned(read: Callable[..., Signal]) -> Callable[..., Signal]:
    """Scoring with a defect: marked touchpoints make it raise."""

    def signal_or_raise(touchpoint: Touchpoint, contacts: tuple[tuple[str, str], ...]) -> Signal:
        if POISON in bytes(touchpoint.body):
            raise ZeroDivisionError("simulated: nobody can count this")
        return read(touchpoint, contacts)

    return signal_or_raise


def _course(world: World) -> Iterator[str]:
    """The run, yielding what it finds broken; it ends with the first phase that finds anything."""
    director = Director(world)
    scenario = world.scenario
    director.storm(director.chance.randint(200, 700))
    director.calm()
    found = list(_broken(world))
    for _ in range(2 if scenario.poison and not found else 0):
        _repair(world, director)
        found = found or list(_broken(world))
    if not found:
        found = list(_compared(world))
    if not found:
        found = list(_read_again(world, director))
    yield from found


def _broken(world: World) -> Iterator[str]:
    """Everything that holds whenever all is quiet."""
    yield from world.failures
    seen = observe(world)
    for check in _CHECKS:
        yield from check(world, seen)


def _compared(world: World) -> Iterator[str]:
    """What other runs say."""
    scenario, seen = world.scenario, observe(world)
    if not scenario.limits and not scenario.actions:
        yield from again.equals_a_quiet_run(world, seen)
    if not scenario.poison:  # a repair takes the place of what the log had been told before
        yield from again.equals_its_log(world, seen)


def _repair(world: World, director: Director) -> None:
    """Somebody sends what was rejected again, once or twice, while old records are read once more."""
    for document in observe(world).touchpoints.values():
        if document.rejected and document.value is not None:
            world.send(repaired(document.value), director.chance.choice((1, 2)))
            if director.chance.random() < 0.5:
                world.send(document.value)
    director.storm(director.chance.randint(50, 300))
    director.calm()


def _read_again(world: World, director: Director) -> Iterator[str]:
    """Both logs before scoring from their start, scoring from its checkpoints: nothing may move."""
    before = again.snapshot(world)
    for topic in (TOUCHPOINTS, IDENTITY):
        for partition in range(world.log.partitions(topic)):
            director.rewind_to(topic, partition, 0)
    director.forget_scoring_offsets()
    director.storm(director.chance.randint(50, 300))
    director.calm()
    after = again.snapshot(world)
    for what, value in before.items():
        if after[what] != value:
            yield f"reading the logs again has moved the {what}"
    yield from _broken(world)
