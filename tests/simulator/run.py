"""One seed of one scenario: storm, calm, checks; repairs; all of it again over the same store."""

from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

from simulator import again, forest, promises
from simulator.ailments import ailments
from simulator.director import Director
from simulator.observed import observe
from simulator.scenarios import SCENARIOS
from simulator.story import repaired
from simulator.world import World

from leadflow.contracts.topics import IDENTITY, TOUCHPOINTS
from leadflow.pipeline import checkpoint, hop
from leadflow.pipeline.scoring import parking, poison
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
    ):
        try:
            broken = tuple(dict.fromkeys(_course(world)))
        finally:
            world.close()
    return Outcome(seed, name, broken, world.schedule.steps, tuple(world.schedule.trace or ()))


def _course(world: World) -> Iterator[str]:
    """The run, yielding what it finds broken; it ends with the first phase that finds anything.

    Only the run itself has its defects: what it is compared with is played by sound code, with a store of its own.
    """
    director = Director(world)
    with ailments(world):
        found = list(_troubled(world, director))
    if not found:
        found = list(_compared(world))
    if not found:
        with ailments(world):
            found = list(_read_again(world, director))
    yield from found


def _troubled(world: World, director: Director) -> Iterator[str]:
    """Storm and calm; what stands still is released, what was rejected is repaired."""
    scenario = world.scenario
    director.storm(director.chance.randint(200, 700))
    director.calm()
    if scenario.sick or scenario.corrupt:
        _heal(world, director)
    found = list(_broken(world))
    for _ in range(2 if scenario.poison and not found else 0):
        _repair(world, director)
        found = found or list(_broken(world))
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


def _heal(world: World, director: Director) -> None:
    """The workers are cured, what stands still is released, what was lost is rebuilt; in trouble, then in peace.

    What has been rebuilt may show that what is known of it elsewhere is wrong, so that it takes more than one replay.
    """
    director.operating = False
    director.release()  # nothing has been repaired: it stops again
    director.storm(director.chance.randint(30, 200))
    director.calm()
    world.sick = False
    for _ in range(4):
        director.release()
        if world.scenario.corrupt:
            world.replay(simulated=False)
        director.storm(director.chance.randint(30, 200))
        director.calm()
        director.release()
        if world.scenario.corrupt:
            world.replay(simulated=False)
        director.calm()


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
    director.operating = False
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
