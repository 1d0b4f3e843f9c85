"""What stands still goes on: releases to the owners of parked leads, and commands that are sent again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, PARKED
from leadflow.contracts.documents import Parked, ParkedDoc
from leadflow.contracts.resolved import Release
from leadflow.core.conditions import equals
from leadflow.ports import Cursor, Emit, Log, Order, Store, Stored

_PAGE = 500

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ParkedLead:
    """A lead that stands still, and how many records wait for it."""

    profile_id: str
    parked: Parked
    waiting: int


async def parked_leads(store: Store) -> list[ParkedLead]:
    """All of them, by profile id. What a zombie has left of a lead that goes on is none."""
    counts = await store.count(PARKED, "lead")
    pids = sorted(pid for pid in counts if pid)
    found = await store.get(LEADS, pids) if pids else ()
    return [
        ParkedLead(stored.key, stored.value.parked, counts[stored.key])
        for stored in found
        if stored is not None and stored.value.parked is not None
    ]


async def parked_commands(store: Store) -> list[Stored[ParkedDoc]]:
    """The records that are for no lead and wait to be sent again, in the order of their positions."""
    found: list[Stored[ParkedDoc]] = []
    after: Cursor | None = None
    while page := await store.find(PARKED, equals("lead", ""), order=Order("position"), limit=_PAGE, after=after):
        found += page
        after = (page[-1].value.position, page[-1].key)
    return found


async def release_leads(log: Log, store: Store) -> AsyncIterator[str]:
    """Tell the owner of each parked lead to apply what waits for it; a lead that stops again is parked again."""
    for lead in await parked_leads(store):
        await log.append([release(lead.profile_id, lead.parked)])
        yield lead.profile_id


def release(pid: str, parked: Parked) -> Emit:
    """The order to a lead's owner. Told twice, the second does nothing."""
    return Emit(
        topic=topics.RESOLVED,
        key=pid,
        value=_encode(Release(to=pid)),
        id=f"release.{pid}.{parked.position}",
        type="dev.leadflow.lead-control.v1",
    )


async def resend_commands(log: Log, store: Store) -> AsyncIterator[Stored[ParkedDoc]]:
    """Send each command again, to the partition that it came from; who cannot read it still, parks it again."""
    for stored in await parked_commands(store):
        waiting = stored.value
        emit = Emit(topic=waiting.topic, key=waiting.key, value=bytes(waiting.value), partition=waiting.partition)
        await log.append([emit])
        await store.delete(PARKED, [stored.key])
        yield stored
