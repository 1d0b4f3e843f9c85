"""A new model: every lead is counted anew from the touchpoints that are its own.

`Rescore` records go through the log, to each partition of `resolved`, so that they have their place among the other
records and each lead is counted by its owner: a range of ids with each, so that one commit emits some hundred leads.
"""

from collections.abc import AsyncIterator

import msgspec
from msgspec.structs import replace

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, TOUCHPOINTS
from leadflow.contracts.documents import LeadDoc, RebuiltDoc, TouchpointDoc
from leadflow.contracts.resolved import Rescore
from leadflow.core.conditions import equals
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.tally import EMPTY
from leadflow.pipeline.processor.processor import contacts_of
from leadflow.pipeline.scoring.counting import count, signal_of
from leadflow.pipeline.scoring.seen import latest_seen, latest_traits
from leadflow.ports import Cursor, Emit, Log, Order, Store, Stored

_PAGE = 500
_AT_ONCE = 250  # leads counted anew in one commit
_MOST_DIGITS = 4  # 65,536 ranges: 16 million leads a partition


async def ask_for_rescoring(log: Log, store: Store, model: Model, generation: int) -> None:
    """Have all leads counted anew with `model`, by the announcement of that number."""
    known_leads = sum((await store.count(LEADS, "stage")).values())
    orders = [
        Rescore(model=model.name, version=model.version, first=first, past=past, generation=generation)
        for first, past in ranges(known_leads // log.partitions(topics.RESOLVED))
    ]
    partitions = range(log.partitions(topics.RESOLVED))
    await log.append([_rescore(order, partition) for order in orders for partition in partitions])


def ranges(leads: int) -> list[tuple[str, str | None]]:
    """Ranges of ids (hexadecimal hashes, so evenly spread) that hold some `_AT_ONCE` of so many leads each."""
    digits = 0
    while leads > _AT_ONCE * 16**digits and digits < _MOST_DIGITS:
        digits += 1
    starts = ["", *(f"{number:0{digits}x}" for number in range(1, 16**digits))]
    return list(zip(starts, [*starts[1:], None], strict=True))


def _rescore(order: Rescore, partition: int) -> Emit:
    return Emit(
        topic=topics.RESOLVED,
        key=order.version,
        value=msgspec.json.encode(order),
        partition=partition,
        id=f"{order.version}.{partition}.{order.first}",
        type="dev.leadflow.lead-control.v1",
    )


async def leads_between(store: Store, first: str = "", past: str | None = None) -> AsyncIterator[Stored[LeadDoc]]:
    """Every lead with an id from `first` up to, not including, `past`, page by page."""
    after: Cursor = ("", first)
    while page := await store.find(LEADS, limit=_PAGE, after=after):
        for stored in page:
            if past is not None and stored.key >= past:
                return
            yield stored
        after = ("", page[-1].key)


async def recount(store: Store, profile_id: str, lead: LeadDoc, model: Model) -> RebuiltDoc:
    """A leaf's own part from its timeline: what is addressed to it, was not refused, and had been counted."""
    part = RebuiltDoc(own=EMPTY, traits={}, first_seen=None, last_seen=None, marks=lead.marks, model=model.version)
    after: Cursor | None = None
    mine = equals("addr", profile_id)
    while page := await store.find(TOUCHPOINTS, mine, order=Order("at"), limit=_PAGE, after=after):
        for stored in page:
            part = _with(part, stored.value, model)
        after = (page[-1].value.at, page[-1].key)
    return part


def _with(part: RebuiltDoc, document: TouchpointDoc, model: Model) -> RebuiltDoc:
    if document.rejected or document.gone or document.value is None or document.src is None:
        return part
    stream, position = document.src
    if position > part.marks.get(stream, -1):  # still on its way
        return part
    signal = signal_of(document.value, contacts_of(document))
    if signal.bot:
        return part
    return replace(
        part,
        own=count(part.own, signal, model)[0],
        traits=latest_traits(part.traits, signal),
        first_seen=signal.at if part.first_seen is None else min(part.first_seen, signal.at),
        last_seen=latest_seen(part.last_seen, signal),
    )
