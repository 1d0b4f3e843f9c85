"""Records that wait for a repair of the code: control records are never put aside, for what follows relies on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from leadflow import metrics
from leadflow.contracts.collections import PARKED
from leadflow.contracts.documents import ParkedDoc
from leadflow.ports import Record, Store

logger = structlog.get_logger(__name__)

Waiting = tuple[str, ParkedDoc]
"""A document of `parked` with its key."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A record that cannot be read, and why."""

    record: Record
    reason: str


def command(misfit: Misfit, now: int) -> Waiting:
    """A control record that is for no lead, as it waits to be sent again; the same record always has the same key."""
    record = misfit.record
    document = ParkedDoc(
        topic=record.topic,
        partition=record.partition,
        position=record.offset,
        key=record.key,
        value=msgspec.Raw(record.value or b"null"),
        since=now,
        reason="this version cannot read it",
    )
    return f"{record.topic}.{record.partition}.{record.offset:020d}", document


async def keep(store: Store, documents: Sequence[Waiting]) -> None:
    """Write what waits; what is there already was written by an earlier run."""
    if documents:
        await store.insert(PARKED, documents)


async def keep_commands(store: Store, misfits: Sequence[Misfit], now: int) -> None:
    """Write commands that nobody here can read, and say so."""
    for misfit in misfits:
        logger.error("command_parked", topic=misfit.record.topic, offset=misfit.record.offset)
        metrics.PARKED.labels("command").inc()
    await keep(store, [command(misfit, now) for misfit in misfits])
