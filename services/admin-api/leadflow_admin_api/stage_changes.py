"""The transitions, read from the log's topic by a cursor that holds one offset per partition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Annotated, Any

import msgspec

from leadflow.contracts.topics import STAGE_CHANGES
from leadflow.ports import Log, Record
from leadflow_admin_api.paging import from_text, to_text
from leadflow_admin_api.problems import invalid

Offsets = tuple[int, ...]
"""The next offset to read, for each partition."""


class _Decided(msgspec.Struct, frozen=True):
    """The part of a StageChanged that puts the partitions in one order; RFC 3339 in UTC sorts as text."""

    decided_at: str = ""


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    listing: str
    offsets: tuple[Annotated[int, msgspec.Meta(ge=0, le=2**62)], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A record of the topic, and the cursor behind it."""

    value: bytes
    cursor: str


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in the order of each partition, between partitions by `decided_at`."""

    changes: tuple[Change, ...]
    next: Offsets
    more: bool


def write_offsets(offsets: Sequence[int]) -> str:
    """The cursor as text."""
    return to_text(_Cursor(STAGE_CHANGES, tuple(offsets)))


async def end(log: Log) -> Offsets:
    """Behind the newest change."""
    return tuple(following for _, following in await log.bounds(STAGE_CHANGES))


async def read_offsets(log: Log, text: str | None, parameter: str = "after") -> Offsets:
    """Where to go on; without a text, at the beginning. Raises Problem 422 for what is no cursor."""
    bounds = await log.bounds(STAGE_CHANGES)
    if not text:
        return tuple(oldest for oldest, _ in bounds)
    cursor = from_text(text, _Cursor, parameter)
    given = cursor.offsets
    if cursor.listing != STAGE_CHANGES:
        raise invalid(parameter, f"belongs to another list ({cursor.listing[:40]})")
    if any(offset > following for offset, (_, following) in zip(given, bounds, strict=False)):
        # Waiting there would miss what comes: the log was started anew since the cursor was given.
        raise invalid(parameter, "lies behind the newest change; it is of another log: start again without it")
    # A partition that was added since then starts at its beginning; one that is gone has nothing left to read.
    return tuple(given[number] if number < len(given) else oldest for number, (oldest, _) in enumerate(bounds))


async def read_page(log: Log, start: Offsets, limit: int) -> ChangePage:
    """The next changes, at most `limit`."""
    found = [await log.read(STAGE_CHANGES, number, offset, limit + 1) for number, offset in enumerate(start)]
    at = list(start)
    changes: list[Change] = []
    for record in merge(*map(_dated, found)):
        if len(changes) == limit:
            return ChangePage(tuple(changes), tuple(at), more=True)
        at[record[2].partition] = record[2].offset + 1
        value = record[2].value
        if value is not None:
            changes.append(Change(value, write_offsets(at)))
    return ChangePage(tuple(changes), tuple(at), more=any(len(records) > limit for records in found))


def _dated(records: Sequence[Record]) -> Iterator[tuple[str, int, Record]]:
    """With the key to merge by. A partition's own order stands, whatever the clocks said: only its head is compared."""
    for record in records:
        decided_at = msgspec.json.decode(record.value, type=_Decided).decided_at if record.value else ""
        yield decided_at, record.partition, record


def as_json(change: Change) -> Any:
    """The StageChanged as plain JSON."""
    return msgspec.json.decode(change.value)
