"""What a run has left behind, read through the ports, and what must hold of it however the run went."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import msgspec

from leadflow.contracts import topics
from leadflow.contracts.collections import IDENTITIES, LEADS, PROFILES, REJECTIONS, TOUCHPOINTS, Collection
from leadflow.contracts.documents import IdentityDoc, LeadDoc, ProfileDoc, RejectionDoc, TouchpointDoc
from leadflow.contracts.lead import LeadScore, StageChanged
from leadflow.core.scoring.evaluate import Score, evaluate
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.tally import EMPTY, Tally, combine
from leadflow.pipeline.processor.processor import contacts_of
from leadflow.pipeline.scoring.counting import count, signal_of
from leadflow.pipeline.scoring.lead import value_of
from leadflow.ports import Log, Record, Store

D = TypeVar("D", bound=msgspec.Struct)

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Documents by key; the public records in the order of their partitions and offsets."""

    touchpoints: Mapping[str, TouchpointDoc]
    identities: Mapping[str, IdentityDoc]
    profiles: Mapping[str, ProfileDoc]
    leads: Mapping[str, LeadDoc]
    rejections: Mapping[str, RejectionDoc]
    changes: tuple[StageChanged, ...]
    scores: Mapping[str, LeadScore | None]  # the latest of each lead, None after a tombstone

    def root(self, pid: str) -> str:
        """The root of a profile's tree."""
        while (profile := self.profiles.get(pid)) is not None and profile.link is not None:
            pid = profile.link.parent
        return pid

    def groups(self) -> dict[str, frozenset[str]]:
        """For each root the identifiers (`type:value`) that lead to it."""
        found: dict[str, set[str]] = defaultdict(set)
        for identity in self.identities.values():
            if identity.leaf is not None:
                found[self.root(identity.leaf)].add(f"{identity.type}:{identity.value}")
        return {root: frozenset(group) for root, group in found.items()}

    def worth(self, model: Model, at: int) -> dict[frozenset[str], Score]:
        """For each group of identifiers that has a lead: its score as of one instant.

        A lead to which no identifier leads (which `broken` tells of) stands for itself.
        """
        groups = self.groups()
        return {
            groups.get(pid, frozenset({pid})): evaluate(value_of(lead), model, at)
            for pid, lead in self.leads.items()
            if lead.parent is None
        }


async def read_aftermath(log: Log, store: Store) -> Aftermath:
    """Read everything."""
    return Aftermath(
        touchpoints=await _documents(store, TOUCHPOINTS),
        identities=await _documents(store, IDENTITIES),
        profiles=await _documents(store, PROFILES),
        leads=await _documents(store, LEADS),
        rejections=await _documents(store, REJECTIONS),
        changes=tuple(
            msgspec.json.decode(record.value or b"", type=StageChanged)
            for record in await records_of(log, topics.STAGE_CHANGES)
        ),
        scores={
            record.key: msgspec.json.decode(record.value, type=LeadScore) if record.value else None
            for record in await records_of(log, topics.LEAD_SCORES)
        },
    )


async def _documents(store: Store, collection: Collection[D]) -> dict[str, D]:
    found: dict[str, D] = {}
    after = None
    while page := await store.find(collection, limit=_PAGE, after=after):
        found |= {stored.key: stored.value for stored in page}
        after = ("", page[-1].key)
    return found


async def records_of(log: Log, topic: str) -> list[Record]:
    """Everything in a topic, partition by partition."""
    found: list[Record] = []
    for partition, (offset, _) in enumerate(await log.bounds(topic)):
        while page := await log.read(topic, partition, offset, _PAGE):
            found += page
            offset = page[-1].offset + 1  # noqa: PLW2901  the next page
    return found


def broken(seen: Aftermath, model: Model) -> list[str]:
    """Which promises do not hold: an empty list is well."""
    return [*_unfinished(seen), *_miscounted(seen, model), *_badly_published(seen), *_wrong_scores(seen)]


def _unfinished(seen: Aftermath) -> Iterator[str]:
    """Every touchpoint has reached its lead, and every claim has its profile."""
    for document in seen.touchpoints.values():
        if document.addr is None or document.src is None:
            yield f"{document.message_id} never got an address"
            continue
        stream, position = document.src
        lead = seen.leads.get(document.addr)
        if lead is None or lead.marks.get(stream, -1) < position:
            yield f"{document.message_id} never reached its lead"
    for key, identity in seen.identities.items():
        if identity.leaf is not None and identity.leaf not in seen.profiles:
            yield f"{key} is claimed for a profile that does not exist"


def _miscounted(seen: Aftermath, model: Model) -> Iterator[str]:
    """Each leaf has counted its touchpoints once, each lead is the sum over its subtree, to the last bit."""
    own: dict[str, Tally] = defaultdict(lambda: EMPTY)
    for document in seen.touchpoints.values():
        if document.addr is not None and document.value is not None and not document.rejected:
            own[document.addr] = count(own[document.addr], signal_of(document.value, contacts_of(document)), model)[0]
    below: dict[str, list[str]] = defaultdict(list)
    for pid, profile in seen.profiles.items():
        if profile.link is not None:
            below[profile.link.parent].append(pid)

    def total(pid: str) -> Tally:
        parts = [(link.at, child, total(child)) for child in below[pid] if (link := seen.profiles[child].link)]
        return combine(own[pid], parts)

    for pid in own.keys() | seen.leads.keys():
        lead = seen.leads.get(pid, LeadDoc())
        node = seen.profiles.get(pid)
        if lead.parent != (node.link.parent if node is not None and node.link is not None else None):
            yield f"lead {pid} is linked below {lead.parent}, its profile is not"
        if lead.own != own[pid]:
            yield f"lead {pid} has counted {_shown(lead.own)}, its touchpoints are {_shown(own[pid])}"
        elif value_of(lead) != total(pid):
            yield f"lead {pid} is worth {_shown(value_of(lead))}, its subtree {_shown(total(pid))}"


def _shown(tally: Tally) -> str:
    return ", ".join(f"{rule}: {sorted(hours)}" for rule, hours in sorted(tally.counts.items())) or "nothing"


def _badly_published(seen: Aftermath) -> Iterator[str]:
    """The changes of a lead are numbered 1 to n, each once, in order, and end where the lead stands."""
    if len({change.id for change in seen.changes}) != len(seen.changes):
        yield "two stage changes have one id"
    chains: dict[str, list[StageChanged]] = defaultdict(list)
    for change in seen.changes:
        chains[change.profile_id].append(change)
    for pid, chain in chains.items():
        if [change.sequence for change in chain] != list(range(1, len(chain) + 1)):
            yield f"the changes of {pid} are numbered {[change.sequence for change in chain]}"
        if chain[0].from_ != "visitor" or any(one.to != following.from_ for one, following in pairwise(chain)):
            yield f"the changes of {pid} do not follow each other: {[(one.from_, one.to) for one in chain]}"
    for pid, lead in seen.leads.items():
        if lead.standing.sequence != len(chains[pid]):
            yield f"lead {pid} says {lead.standing.sequence} changes, {len(chains[pid])} were published"
        if chains[pid] and chains[pid][-1].to != lead.standing.stage:
            yield f"lead {pid} is {lead.standing.stage}, published was {chains[pid][-1].to}"


def _wrong_scores(seen: Aftermath) -> Iterator[str]:
    """The latest record of `lead-scores` is the score of the lead; a linked lead has none left."""
    for pid, lead in seen.leads.items():
        if seen.scores.get(pid) != lead.published():
            yield f"the latest published score of {pid} is not that of the lead"


def components(touchpoints: Iterable[TouchpointDoc]) -> set[frozenset[str]]:
    """Who is one person by plain connection: the identifiers (`type:value`) that touchpoints name together."""
    group: dict[str, set[str]] = {}
    for document in touchpoints:
        names = {f"{kind}:{value}" for kind, value in document.ids}
        joined = names.union(*(group.get(name, ()) for name in names))
        group |= dict.fromkeys(joined, joined)
    return {frozenset(names) for names in group.values()}
