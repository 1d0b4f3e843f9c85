"""Promises 4 and 5 against other runs: a quiet one of the same set, and the log of identity over an empty store."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from simulator.observed import Observed, observe, records
from simulator.scenarios import CALM, Scenario
from simulator.story import START
from simulator.world import World, at_once

from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.core.scoring.evaluate import Score, evaluate
from leadflow.core.time import HOUR
from leadflow.pipeline.resolver import Resolver
from leadflow.pipeline.scoring.lead import value_of

_AS_OF = START + HOUR
_QUIET = Scenario(odds=CALM, workers=1, batch=100)


def snapshot(world: World) -> Mapping[str, Any]:
    """Everything that reading the logs again must not move."""
    seen = observe(world)
    return {
        "claims": {key: identity.leaf for key, identity in seen.identities.items()},
        "links": _links(seen),
        "addresses": {key: (document.addr, document.rejected) for key, document in seen.touchpoints.items()},
        "leads": {pid: (value_of(lead), lead.standing, lead.published()) for pid, lead in seen.leads.items()},
        "changes": [change.id for change in seen.changes],
        "scores": seen.scores,
        "rejected by scoring": sum(record["hop"] == "scoring" for record in seen.rejected),
    }


def _links(seen: Observed) -> Mapping[str, Any]:
    """Each profile's link and identifiers; the absent profile of a lone leaf reads as a root with that one."""
    lone = {one.leaf: (None, {key: ()}) for key, one in seen.identities.items() if one.leaf is not None}
    return lone | {pid: (profile.link, profile.ids) for pid, profile in seen.profiles.items()}


def equals_a_quiet_run(world: World, seen: Observed) -> Iterator[str]:
    """The same set of touchpoints, in order and undisturbed, gives the same groups with the same scores."""
    quiet = World(0, _QUIET)
    quiet.model = world.model
    quiet.faults.on = False
    for document in seen.touchpoints.values():
        if document.value is not None:
            quiet.send(replace(document.value, repair=0))
    for role in ("processor", "scoring"):
        quiet.spawn(role)
    quiet.schedule.run(10_000)
    expected, found = _worth(quiet, observe(quiet)), _worth(world, seen)
    quiet.close()
    if expected.keys() != found.keys():
        yield "a quiet run of the same touchpoints gives other profiles"
    for group in expected.keys() & found.keys():
        if expected[group] != found[group]:
            yield f"a quiet run of the same touchpoints gives another score for {sorted(group)}"


def _worth(world: World, seen: Observed) -> dict[frozenset[str], Score]:
    """For each group of identifiers its score as of one instant."""
    groups = seen.groups()
    return {
        groups[root]: evaluate(value_of(lead), world.model, _AS_OF)
        for root, lead in seen.leads.items()
        if root in groups
    }


def equals_its_log(world: World, seen: Observed) -> Iterator[str]:
    """The log of identity, decided anew over a store that holds nothing but the touchpoints, gives the same groups."""
    store = MemoryStore()
    unresolved = [
        (key, replace(document, addr=None, src=None, kept=(), gp=-1))
        for key, document in seen.touchpoints.items()
        if document.via == "id"
    ]
    at_once(store.insert(TOUCHPOINTS, unresolved))
    resolver = Resolver(store, world.clock, world.hasher, world.rules)
    log = list(records(world, topics.IDENTITY))
    while log:
        size = world.schedule.random.randint(1, 9)
        at_once(resolver.step(log[:size]))
        log = log[size:]
    again = World(0, _QUIET)
    again.store = store
    groups = set(observe(again).groups().values())
    again.close()
    if groups - {group for group in groups if len(group) == 1} != {g for g in seen.groups().values() if len(g) > 1}:
        yield "the log of identity over an empty store gives other profiles"
