"""What a run has left behind, read out whole."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from simulator.world import World, at_once

from leadflow.contracts import topics
from leadflow.contracts.collections import (
    DECISIONS,
    IDENTITIES,
    LEADS,
    PROFILES,
    REJECTIONS,
    TOUCHPOINTS,
    Collection,
)
from leadflow.contracts.documents import IdentityDoc, LeadDoc, ProfileDoc, RejectionDoc, TouchpointDoc
from leadflow.contracts.identity import Evidence
from leadflow.contracts.lead import LeadScore, StageChanged
from leadflow.core.identity.decisions import Refused
from leadflow.ports import Record, Store

_CYCLE = "a cycle of links"


@dataclass(frozen=True, slots=True)
class Observed:
    """Documents by key, and the records of the topics in the order of their partitions and offsets."""

    touchpoints: dict[str, TouchpointDoc]
    identities: dict[str, IdentityDoc]
    profiles: dict[str, ProfileDoc]
    leads: dict[str, LeadDoc]
    rejections: dict[str, RejectionDoc]
    evidence: list[Evidence]
    changes: list[StageChanged]
    scores: dict[str, LeadScore | None]  # the latest per lead, None after a tombstone
    rejected: list[dict[str, Any]]

    def root(self, pid: str) -> str:
        """The root of a profile's tree."""
        for _ in range(len(self.profiles) + 1):
            profile = self.profiles.get(pid)
            if profile is None or profile.link is None:
                return pid
            pid = profile.link.parent
        return _CYCLE

    def groups(self) -> dict[str, frozenset[str]]:
        """For each root the keys of the identifiers that lead to it."""
        found: dict[str, set[str]] = defaultdict(set)
        for key, identity in self.identities.items():
            if identity.leaf is not None:
                found[self.root(identity.leaf)].add(key)
        return {root: frozenset(group) for root, group in found.items()}


def observe(world: World) -> Observed:
    """Read everything. Evidence that nobody could decide on says nothing, in however many copies it was sent."""
    refusals = {
        item.pos
        for decision in documents(world.store, DECISIONS).values()
        for item in decision.items
        if any(isinstance(emit, Refused) for emit in item.emits)
    }
    log = [(r.offset, msgspec.json.decode(r.value or b"", type=Evidence)) for r in records(world, topics.IDENTITY)]
    refused = {(item.touchpoint, item.pos) for offset, item in log if offset in refusals}
    return Observed(
        touchpoints=documents(world.store, TOUCHPOINTS),
        identities=documents(world.store, IDENTITIES),
        profiles=documents(world.store, PROFILES),
        leads=documents(world.store, LEADS),
        rejections=documents(world.store, REJECTIONS),
        evidence=[item for _, item in log if (item.touchpoint, item.pos) not in refused],
        changes=[msgspec.json.decode(r.value or b"", type=StageChanged) for r in records(world, topics.STAGE_CHANGES)],
        scores={
            r.key: msgspec.json.decode(r.value, type=LeadScore) if r.value else None
            for r in records(world, topics.LEAD_SCORES)
        },
        rejected=[json.loads(r.value or b"") for r in records(world, topics.REJECTED)],
    )


def documents(store: Store, collection: Collection[Any]) -> dict[str, Any]:
    """A whole collection."""
    return {stored.key: stored.value for stored in at_once(store.find(collection, limit=1_000_000))}


def records(world: World, topic: str) -> Sequence[Record]:
    """A whole topic, partition by partition."""
    found: list[Record] = []
    for partition in range(world.log.partitions(topic)):
        found += at_once(world.log.read(topic, partition, 0, 1_000_000))
    return found
