"""A lead that a control record brings to a stop is parked: what comes for it waits, in order, until it is released.

A touchpoint that cannot be counted is put aside; without a control record (a link, a child's value) everything that
follows would be wrong. So that one lead stands still, everybody else goes on. What waits lies in the store, written
before the lead says that it has seen it: a re-run writes the same again.
"""

from collections.abc import Iterable, Sequence

import msgspec
import structlog
from msgspec.structs import replace

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.collections import PARKED
from leadflow.contracts.documents import LeadDoc, Parked, ParkedDoc
from leadflow.contracts.resolved import LeadRecord, Order
from leadflow.core.conditions import equals
from leadflow.pipeline.dead_letters import cause
from leadflow.pipeline.parked import Waiting
from leadflow.pipeline.scoring.inbox import LeadInbox, Unreadable
from leadflow.ports import Cursor, Store, Stored
from leadflow.ports import Order as SortedBy

_encode = msgspec.json.Encoder().encode
_PAGE = 500

logger = structlog.get_logger(__name__)


def park(pid: str, lead: LeadDoc, position: int, error: Exception, now: int) -> LeadDoc:
    """The lead, standing still since the record at `position`."""
    reason = cause(error)
    logger.error("lead_parked", lead=pid, position=position, error=reason)
    metrics.PARKED.labels("lead").inc()
    return replace(lead, parked=Parked(position=position, since=now, reason=reason))


def still_parked(lead: LeadDoc, position: int, now: int) -> LeadDoc:
    """The lead, with more to apply from a position on than is done at once."""
    return replace(lead, parked=Parked(position=position, since=now, reason="more is waiting"))


def waiting(pid: str, partition: int, inbox: LeadInbox, now: int) -> list[Waiting]:
    """A lead's records as they wait."""
    return [for_lead(pid, partition, position, record, now) for position, record in inbox]


def for_lead(pid: str, partition: int, position: int, record: LeadRecord | Order | Unreadable, now: int) -> Waiting:
    """One record as it waits for a lead; the same record always has the same key."""
    value = record.value if isinstance(record, Unreadable) else _encode(record)
    document = ParkedDoc(
        topic=topics.RESOLVED,
        partition=partition,
        position=position,
        key=pid,
        value=msgspec.Raw(value),
        since=now,
        lead=pid,
    )
    return f"{pid}.{position:020d}", document


async def waiting_for(store: Store, pid: str, position: int, limit: int) -> Sequence[Stored[ParkedDoc]]:
    """What waits for a lead from a position on, at most `limit`, in order."""
    found: list[Stored[ParkedDoc]] = []
    after: Cursor = (position - 1, "\U0010ffff")
    where, order = equals("lead", pid), SortedBy("position")
    while len(found) < limit and (
        page := await store.find(PARKED, where, order=order, limit=limit - len(found), after=after)
    ):
        found += page
        after = (page[-1].value.position, page[-1].key)
    return found


async def sweep(store: Store, pid: str, past: int) -> None:
    """Forget what waited for a lead below the position `past`: it has been applied."""
    after: Cursor | None = None
    while page := await store.find(PARKED, equals("lead", pid), order=SortedBy("position"), limit=_PAGE, after=after):
        await store.delete(PARKED, _keys(page, past))
        if page[-1].value.position >= past:
            return
        after = (page[-1].value.position, page[-1].key)


def _keys(page: Iterable[Stored[ParkedDoc]], past: int) -> list[str]:
    return [stored.key for stored in page if stored.value.position < past]
