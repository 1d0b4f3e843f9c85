"""What a run is about: which faults, how many workers, whose touchpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from simulator.faults import Odds

CALM = Odds(unavailable=0, conflict=0, torn=0)
TROUBLED = Odds(unavailable=0.2, conflict=0.2, torn=0.5)
ROUGH = Odds(unavailable=0.08, conflict=0.08, torn=0.5)

CRASHES = {"kill": 4, "stop": 1}
ZOMBIES = {"sleep": 4, "move": 2, "pause": 1}
RESETS = {"rewind_touchpoints": 3, "rewind_identity": 3}
ALL = MappingProxyType({**CRASHES, **ZOMBIES, **RESETS})


@dataclass(frozen=True, slots=True)
class Scenario:
    """`chaos`: what may happen to workers and partitions, by weight; `restless`: the chance of it at one step."""

    odds: Odds = field(default_factory=Odds)
    chaos: Mapping[str, int] = field(default_factory=dict)
    restless: float = 0.025
    workers: int = 2  # of each service
    batch: int = 6  # the most records that a fetch returns
    touchpoints: int = 18
    limits: bool = False  # three user ids and an e-mail limit of two, so that merges are refused
    lone: bool = False  # mostly single new identifiers: claimed by processors while the resolver decides about them
    poison: int = 0  # how many touchpoints nobody can count until they are repaired
    actions: int = 0  # how many of the touchpoints are sales actions
    poisoned: tuple[str, ...] = ("scoring",)  # where they cannot be processed
    sick: bool = False  # workers that cannot apply some links and values of children, until they are cured
    replays: bool = False  # leads are rebuilt beside the live ones, by replays that die like anybody else
    corrupt: bool = False  # what some leads have counted is lost; a replay brings it back
    new_model: bool = False
    arango: bool = False  # the store is ArangoDB's, on the double: its requests, its queries, its revisions
    gaps: bool = True  # transactions use up offsets, as Kafka's do
    redelivered: bool = False  # old records of `resolved` come again at new positions


WORKERS: Mapping[str, Scenario] = MappingProxyType(
    {
        "plain": Scenario(odds=CALM),
        "one worker": Scenario(odds=CALM, workers=1, batch=30, chaos={"kill": 1}),
        "crash": Scenario(chaos=CRASHES, restless=0.05, batch=3),
        "zombie": Scenario(chaos=ZOMBIES, restless=0.04, workers=3, batch=3),
        "rough": Scenario(odds=ROUGH, chaos=ALL),
        "large": Scenario(chaos=ALL, batch=40, restless=0.03),
        "new model": Scenario(chaos=ALL, new_model=True, restless=0.02),
        "redelivered": Scenario(chaos=ZOMBIES, redelivered=True),
    }
)
"""What happens to workers, logs and stores."""

TOUCHPOINTS: Mapping[str, Scenario] = MappingProxyType(
    {
        "lone": Scenario(chaos=ZOMBIES, lone=True, workers=3),
        "limits": Scenario(chaos=CRASHES, limits=True),
        "limits lone": Scenario(chaos=ALL, limits=True, lone=True),
        "limits small": Scenario(chaos=ALL, limits=True, batch=1, touchpoints=12),
        "reset": Scenario(chaos=RESETS, restless=0.03),
        "poison": Scenario(chaos=CRASHES, poison=4),
        "poison reset": Scenario(chaos=ALL, poison=4, batch=3),
        "actions": Scenario(chaos=ALL, actions=5),
    }
)
"""What is special about the touchpoints, or about how often they are read."""

STORES: Mapping[str, Scenario] = MappingProxyType(
    {
        "arango": Scenario(odds=TROUBLED, chaos=ALL, arango=True),
        "arango limits": Scenario(odds=TROUBLED, chaos=ALL, arango=True, limits=True, actions=3, poison=2),
    }
)
"""The store of the distributed mode, one call in five refused, done in part or done without an answer."""

REPAIRS: Mapping[str, Scenario] = MappingProxyType(
    {
        "poison everywhere": Scenario(chaos=ALL, poison=5, poisoned=("scoring", "processor", "resolver"), batch=3),
        "parked": Scenario(chaos=CRASHES, sick=True, batch=4),
        "parked reset": Scenario(chaos=ALL, sick=True, batch=3, poison=2),
        "replay": Scenario(chaos=ALL, replays=True, batch=4),
        "replay corrupt": Scenario(chaos=ZOMBIES, replays=True, corrupt=True),
        "everything at once": Scenario(chaos=ALL, replays=True, sick=True, poison=3, new_model=True, odds=ROUGH),
    }
)
"""What is put aside, stands still or is lost comes back."""

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({**WORKERS, **TOUCHPOINTS, **STORES, **REPAIRS})
