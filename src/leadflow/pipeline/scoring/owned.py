"""The leads of the partitions that are ours, as we last wrote them: who comes back soon needs no reading.

Only the owner of a partition writes its leads, so what it has written still stands, and each write is a compare-and-set
on the revision that the last one made: what a zombie or an order wrote in between shows as a conflict. Whatever casts
doubt (a conflict, a write without an answer, an order, the loss of the partition) makes us forget all of the partition.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from leadflow.contracts.collections import LEADS
from leadflow.contracts.documents import LeadDoc
from leadflow.ports import Store, Stored

MOST_BYTES = 128 << 20  # some 25,000 leads of the usual size

_PLAIN_LEAD = 4_000  # bytes in memory, measured: tracemalloc over 20,000 leads
_HOUR = 120
_FOR_EACH_BYTE = 5  # of JSON, of what people and children may send much of
_encode = msgspec.json.Encoder().encode

Write = tuple[str, Stored[LeadDoc] | None, LeadDoc]
"""(profile id, the lead as it was read or None, the lead as it is to be)."""


@dataclass(slots=True)
class _Memory:
    """Leads in two generations: when the young ones have filled their half, the old ones are forgotten.

    A lead that is written again becomes young again, so those who come often stay.
    """

    young: dict[str, Stored[LeadDoc]] = field(default_factory=dict)
    old: dict[str, Stored[LeadDoc]] = field(default_factory=dict)
    bytes: int = 0  # of the young ones


class OwnedLeads:
    """Reads and writes leads for the owner of their partitions. `most_bytes`: of memory, all partitions together."""

    def __init__(self, store: Store, most_bytes: int = MOST_BYTES) -> None:
        self._store = store
        self._most_bytes = most_bytes
        self._partitions: dict[int, _Memory] = defaultdict(_Memory)

    async def read(self, partition: int, pids: Iterable[str]) -> dict[str, Stored[LeadDoc] | None]:
        """Each lead from memory, else from the store."""
        memory = self._partitions[partition]
        found = {pid: memory.young.get(pid) or memory.old.get(pid) for pid in pids}
        unknown = [pid for pid, stored in found.items() if stored is None]
        if unknown:
            found |= zip(unknown, await self._store.get(LEADS, unknown), strict=True)
        return found

    async def write(self, partition: int, writes: Sequence[Write]) -> list[str]:
        """Insert or compare-and-set; the leads that somebody else has written in between. Raises Unavailable."""
        inserts = [(pid, after) for pid, before, after in writes if before is None]
        changes = [(before, after) for _, before, after in writes if before is not None]
        try:
            made = await self._store.insert(LEADS, inserts) if inserts else ()
            moved = await self._store.supersede(LEADS, changes) if changes else ()
        except BaseException:
            self.forget(partition)
            raise
        written = {pid: Stored(pid, after, rev) for (pid, after), rev in zip(inserts, made, strict=True) if rev}
        written |= {
            before.key: Stored(before.key, after, rev)
            for (before, after), rev in zip(changes, moved, strict=True)
            if rev
        }
        if len(written) < len(writes):
            self.forget(partition)
            return [pid for pid, _, _ in writes if pid not in written]
        self._remember(partition, written)
        return []

    def forget(self, partition: int) -> None:
        """Drop what is remembered of a partition."""
        self._partitions.pop(partition, None)

    def _remember(self, partition: int, written: Mapping[str, Stored[LeadDoc]]) -> None:
        memory = self._partitions[partition]
        share = self._most_bytes // (2 * len(self._partitions))
        for pid, stored in written.items():
            if pid not in memory.young:
                memory.bytes += _bytes_of(stored.value)
                if memory.bytes > share:
                    memory.old, memory.young, memory.bytes = memory.young, {}, _bytes_of(stored.value)
            memory.young[pid] = stored


def _bytes_of(lead: LeadDoc) -> int:
    """What a lead takes in memory, about."""
    size = _PLAIN_LEAD + _HOUR * sum(map(len, lead.own.counts.values()))
    if lead.traits or lead.children or lead.outbox:
        size += _FOR_EACH_BYTE * len(_encode((lead.traits, lead.children, lead.outbox)))
    return size
