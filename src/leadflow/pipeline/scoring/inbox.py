"""A batch of `resolved` by its leads, and what of it cannot be read: put aside if it was a touchpoint, else kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from leadflow.contracts.resolved import LeadRecord, Order, Rebuilt, Release, Rescore, Resolved, ResolvedRecord
from leadflow.pipeline.parked import Misfit
from leadflow.ports import Record

_decode = msgspec.json.Decoder(ResolvedRecord).decode


class _Outline(msgspec.Struct, frozen=True):
    """What can be told of a record that cannot be read."""

    kind: str = "resolved"
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A control record that this version cannot read; whoever can will apply it, in its turn."""

    to: str
    value: bytes
    reason: str


class UnreadableRecord(Exception):
    """What is raised in the place of applying one."""


LeadInbox = Sequence[tuple[int, LeadRecord | Unreadable]]
"""A lead's records with their positions, in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`first` up to, not including, `past` are the offsets that it covers; an order, at `past` - 1, ends it.

    `traces`: by offset, of the records that have one. `received_at`: when the oldest of its touchpoints was (ms).
    """

    inbox: Mapping[str, LeadInbox]
    order: Order | None
    garbage: tuple[Misfit, ...]  # perhaps a touchpoint: goes to `rejected`
    commands: tuple[Misfit, ...]  # certainly none, and addressed to no lead: waits in `parked`
    first: int
    past: int
    traces: Mapping[int, str]
    received_at: int | None


def read_batch(records: Sequence[Record]) -> Batch:
    """Sort a batch up to its first order."""
    inbox: dict[str, list[tuple[int, LeadRecord | Unreadable]]] = defaultdict(list)
    garbage: list[Misfit] = []
    commands: list[Misfit] = []
    order: Order | None = None
    past = records[-1].offset + 1
    oldest: int | None = None
    for record in records:
        try:
            decoded = _decode(record.value or b"")
        except msgspec.MsgspecError as error:
            found = _outlined(record, str(error))
            if isinstance(found, Unreadable):
                inbox[found.to].append((record.offset, found))
            else:
                (garbage if _is_touchpoint(record) else commands).append(found)
            continue
        if isinstance(decoded, Rescore | Rebuilt | Release):
            order, past = decoded, record.offset + 1
            break
        inbox[decoded.to].append((record.offset, decoded))
        if isinstance(decoded, Resolved) and (oldest is None or decoded.value.received_at < oldest):
            oldest = decoded.value.received_at
    traces = {record.offset: record.trace for record in records if record.trace}
    return Batch(inbox, order, tuple(garbage), tuple(commands), records[0].offset, past, traces, oldest)


def _outline(record: Record) -> _Outline:
    try:
        return msgspec.json.decode(record.value or b"", type=_Outline)
    except msgspec.MsgspecError:
        return _Outline()


def _is_touchpoint(record: Record) -> bool:
    """Whether a record says that it is a touchpoint, or nothing at all."""
    return _outline(record).kind == "resolved"


def _outlined(record: Record, reason: str) -> Unreadable | Misfit:
    outline = _outline(record)
    if outline.kind != "resolved" and outline.to == record.key:
        return Unreadable(record.key, record.value or b"", reason)
    return Misfit(record, reason)
