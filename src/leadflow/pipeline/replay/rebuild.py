"""Leads rebuilt from the timeline, beside the live ones.

The heavy part, counting every touchpoint anew, touches no lead. What comes out otherwise is laid down with the marks up
to which it was counted; a small record tells the owner of each partition which leads to take over. An owner whose lead
has moved on meanwhile counts that one again. Decisions stand: a lead is never taken back, but may move on.

Whatever is laid down may be lost at any time: the owner then counts for itself. So a replay may die and run again.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, REBUILT
from leadflow.contracts.documents import LeadDoc, RebuiltDoc
from leadflow.contracts.resolved import Rebuilt
from leadflow.core.scoring.model import Model
from leadflow.pipeline.dead_letters import cause
from leadflow.pipeline.scoring.lead import Judge, finish, value_of
from leadflow.pipeline.scoring.rescoring import leads_between, recount
from leadflow.ports import Emit, LeadflowError, Log, Store, Stored

_AT_ONCE = 100  # leads that one record names: what one commit of their owner emits
_LOOKS = 5  # at a lead that moves while it is looked at
_PAGE = 500

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Finding:
    """A lead that is not what its timeline says. `rebuilt` None: it cannot be counted, `differs` says why."""

    profile_id: str
    differs: tuple[str, ...]
    rebuilt: RebuiltDoc | None


async def compare(store: Store, model: Model) -> AsyncIterator[tuple[str, Finding | None]]:
    """Every lead by its id, in order, with what was found: None where it is as its timeline says."""
    async for stored in leads_between(store):
        yield stored.key, await _look(store, stored, model)


async def _look(store: Store, stored: Stored[LeadDoc] | None, model: Model) -> Finding | None:
    """Look again at a lead that has moved meanwhile."""
    finding = None
    for _ in range(_LOOKS):
        if stored is None or stored.value.gone is not None:
            return None
        finding = await _examine(store, stored.key, stored.value, model)
        if finding is None:
            return None
        (again,) = await store.get(LEADS, [stored.key])
        if again is not None and again.rev == stored.rev:
            return finding
        stored = again
    return finding  # its owner will see that it has moved, and count for itself


async def _examine(store: Store, pid: str, lead: LeadDoc, model: Model) -> Finding | None:
    try:
        part = await recount(store, pid, lead, model)
        differs = [*_own_differences(lead, part), *await _differences_outside(store, pid, lead, model)]
    except LeadflowError:
        raise
    except Exception as error:  # noqa: BLE001  one lead harms itself alone
        return Finding(pid, (f"cannot be counted: {cause(error)}",), None)
    return Finding(pid, tuple(differs), replace(part, publish=True)) if differs else None


def _own_differences(lead: LeadDoc, part: RebuiltDoc) -> Iterator[str]:
    if lead.own != part.own:
        yield "counts"
    if lead.traits != part.traits:
        yield "traits"
    if (lead.first_seen, lead.last_seen) != (part.first_seen, part.last_seen):
        yield "first or last seen"


async def _differences_outside(store: Store, pid: str, lead: LeadDoc, model: Model) -> list[str]:
    """Where others have it otherwise than the lead itself: what it published, and what its parent knows of it."""
    if lead.version and finish(lead, Judge(pid, model, 0)) != lead:
        return ["published score"]
    if lead.parent is None:
        return []
    (parent,) = await store.get(LEADS, [lead.parent])
    entry = parent.value.children.get(pid) if parent is not None else None
    if entry is None or (entry.gen, entry.version) != (lead.gen, lead.version):  # on its way
        return []
    return ["what its parent knows"] if entry.value != value_of(lead) else []


async def lay_down(store: Store, finding: Finding) -> None:
    """Keep what was counted for its owner; the latest replay wins."""
    if finding.rebuilt is None:
        return
    rev: str | None = None
    while rev is None:
        (known,) = await store.get(REBUILT, [finding.profile_id])
        if known is None:
            (rev,) = await store.insert(REBUILT, [(finding.profile_id, finding.rebuilt)])
        else:
            (rev,) = await store.replace(REBUILT, [(finding.profile_id, finding.rebuilt, known.rev)])


async def clear(store: Store) -> None:
    """Remove what replays have laid down, also those that died."""
    while page := await store.find(REBUILT, limit=_PAGE):
        await store.delete(REBUILT, [stored.key for stored in page])


async def order(log: Log, pids: Iterable[str]) -> Mapping[int, int]:
    """Tell the owners to take leads over. Returns for each partition told the offset behind its last order."""
    by_partition: dict[int, list[str]] = defaultdict(list)
    for pid in pids:
        by_partition[log.partition_for(topics.RESOLVED, pid)].append(pid)
    for partition, mine in by_partition.items():
        for start in range(0, len(mine), _AT_ONCE):
            await log.append([_order(partition, mine[start : start + _AT_ONCE])])
    ends = [end for _, end in await log.bounds(topics.RESOLVED)]
    return {partition: ends[partition] for partition in by_partition}


def _order(partition: int, pids: list[str]) -> Emit:
    return Emit(
        topic=topics.RESOLVED,
        key=pids[0],
        value=_encode(Rebuilt(leads=tuple(pids))),
        partition=partition,
        id=f"rebuilt.{pids[0]}",
        type="dev.leadflow.lead-control.v1",
    )


async def left(log: Log, group: str, ends: Mapping[int, int]) -> int:
    """How many records the owners have to read until all is taken over."""
    committed = await log.committed(group, topics.RESOLVED)
    return sum(max(0, end - (committed[partition] or 0)) for partition, end in ends.items())
