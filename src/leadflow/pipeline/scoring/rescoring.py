"""A new model: every lead is counted anew from the touchpoints that are its own.

One `Rescore` per partition of `resolved` goes through the log, so that it has its place among the other records and
each lead is counted by its owner. It ends its batch.
"""

from collections.abc import AsyncIterator, Callable

import msgspec

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, MODELS, TOUCHPOINTS
from leadflow.contracts.documents import LeadDoc, ModelDoc, TouchpointDoc
from leadflow.contracts.resolved import Rescore
from leadflow.core.conditions import equals
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.tally import EMPTY, Tally
from leadflow.pipeline.processor.processor import contacts_of
from leadflow.pipeline.scoring.counting import count, signal_of
from leadflow.ports import Cursor, Emit, Log, Order, Store, Stored

_PAGE = 500
_CURRENT = "current"


async def announce_model(log: Log, store: Store, model: Model) -> bool:
    """Ask for a rescoring of all leads if they were counted with another model; True when asked.

    May be called at every start and by several processes: a rescoring done twice gives the same.
    """
    document = ModelDoc(name=model.name, version=model.version)
    (known,) = await store.get(MODELS, [_CURRENT])
    if known is None:
        await store.insert(MODELS, [(_CURRENT, document)])
        return False
    if known.value == document:
        return False
    await log.append([_rescore(model, partition) for partition in range(log.partitions(topics.RESOLVED))])
    await store.replace(MODELS, [(_CURRENT, document, known.rev)])
    return True


def _rescore(model: Model, partition: int) -> Emit:
    return Emit(
        topic=topics.RESOLVED,
        key=model.version,
        value=msgspec.json.encode(Rescore(model=model.name, version=model.version)),
        partition=partition,
        id=f"{model.version}.{partition}",
        type="dev.leadflow.lead-control.v1",
    )


async def leads_where(store: Store, belongs: Callable[[str], bool]) -> AsyncIterator[Stored[LeadDoc]]:
    """Every lead whose profile id belongs, page by page."""
    after: Cursor | None = None
    while page := await store.find(LEADS, limit=_PAGE, after=after):
        for stored in page:
            if belongs(stored.key):
                yield stored
        after = ("", page[-1].key)


async def recount(store: Store, profile_id: str, lead: LeadDoc, model: Model) -> Tally:
    """A leaf's own tally from its timeline: what is addressed to it, was not refused, and had been counted."""
    own = EMPTY
    after: Cursor | None = None
    mine = equals("addr", profile_id)
    while page := await store.find(TOUCHPOINTS, mine, order=Order("at"), limit=_PAGE, after=after):
        for stored in page:
            own = _with(own, stored.value, lead, model)
        after = (page[-1].value.at, page[-1].key)
    return own


def _with(own: Tally, document: TouchpointDoc, lead: LeadDoc, model: Model) -> Tally:
    if document.rejected or document.gone or document.value is None or document.src is None:
        return own
    stream, position = document.src
    if position > lead.marks.get(stream, -1):  # still on its way
        return own
    signal = signal_of(document.value, contacts_of(document))
    return own if signal.bot else count(own, signal, model)[0]
