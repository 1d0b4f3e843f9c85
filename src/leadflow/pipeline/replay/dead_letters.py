"""Dead letters as an operator sees them, and their repairs.

A touchpoint that was stored and then rejected comes again as a repair: the same message id, `repair` raised by one. The
processor takes a repair only in the place of what is marked as rejected, so that sending it twice counts it once. What
was refused before it was stored needs a repaired event; then it is new.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from leadflow.contracts.collections import REJECTIONS, TOUCHPOINTS
from leadflow.contracts.documents import RejectionDoc, TouchpointDoc
from leadflow.contracts.topics import TOUCHPOINTS as TOPIC
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.events import shared_by, take_event
from leadflow.pipeline.ingest.payload import read_payload
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.ports import Cursor, Emit, Store, Stored

_PAGE = 500
_LIMITS = ObserverSettings(write_keys={})

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was refused and not accepted since. `touchpoint`: as it is stored; None: it never was.

    `at`: when it was refused, ms. `repair`: how often it has been sent again.
    """

    source: str
    message_id: str
    hop: str
    code: str
    reason: str
    at: int
    touchpoint: Touchpoint | None
    repair: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters: None and 0 are all. `since`: refused at or after, ms."""

    source: str | None = None
    code: str | None = None
    since: int = 0

    def holds(self, letter: DeadLetter) -> bool:
        """Whether this is one of them."""
        return self.source in {None, letter.source} and self.code in {None, letter.code} and letter.at >= self.since


async def dead_letters(store: Store, wanted: Wanted) -> AsyncIterator[DeadLetter]:
    """The dead letters that are wanted; what has been accepted since is none any more."""
    after: Cursor | None = None
    while page := await store.find(REJECTIONS, limit=_PAGE, after=after):
        documents = await store.get(TOUCHPOINTS, [stored.key for stored in page])
        for stored, document in zip(page, documents, strict=True):
            letter = _letter(stored.value, document)
            if letter is not None and wanted.holds(letter):
                yield letter
        after = ("", page[-1].key)


def _letter(rejection: RejectionDoc, stored: Stored[TouchpointDoc] | None) -> DeadLetter | None:
    """The first rejection stands in its receipt; what the touchpoint says of itself is newer."""
    known = stored.value if stored is not None else None
    if known is not None and (not known.rejected or known.gone or known.value is None):
        return None
    code, _, why = ((known.reason or "") if known is not None else "").partition(": ")
    return DeadLetter(
        source=rejection.source,
        message_id=rejection.message_id,
        hop=rejection.hop,
        code=code or rejection.code,
        reason=why or rejection.reason,
        at=rejection.at,
        touchpoint=known.value if known is not None else None,
        repair=known.repair if known is not None else 0,
    )


def repair(letter: DeadLetter, events: Mapping[tuple[str, str], bytes], hasher: Hasher) -> Emit | Refusal | None:
    """The record that sends a dead letter again: with its repaired event by (source, message id), else as it was.

    None: it was never stored and nobody has repaired it. Refusal: what is wrong with the repaired event.
    """
    event = events.get((letter.source, letter.message_id))
    if letter.touchpoint is not None:
        body = letter.touchpoint.body if event is None else msgspec.Raw(event)
        return _emit(replace(letter.touchpoint, body=body, repair=letter.repair + 1), hasher)
    if event is None:
        return None
    payload = read_payload(event, batch=False, limits=_LIMITS)
    if isinstance(payload, Refusal):
        return payload
    delivery = Delivery(source=SourceConfig(letter.source), received_at=letter.at)
    taken = take_event(event, shared_by(payload, None, delivery, limits=_LIMITS, hasher=hasher))
    return taken if isinstance(taken, Refusal) else taken.emit


def _emit(touchpoint: Touchpoint, hasher: Hasher) -> Emit:
    """Any partition will do: nothing rests on it."""
    name = f"{touchpoint.source}:{touchpoint.message_id}"
    return Emit(
        topic=TOPIC,
        key=hasher.partition_key("repair", touchpoint.message_id),
        value=_encode(touchpoint),
        id=f"{name}.{touchpoint.repair}",
        type="dev.leadflow.touchpoint.v1",
    )


class UnusableFile(ValueError):
    """A file of repaired events: which line is wrong, and how."""


class _Line(msgspec.Struct, frozen=True):
    source: str
    event: msgspec.Raw


class _Named(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str


def read_repairs(lines: Sequence[bytes]) -> dict[tuple[str, str], bytes]:
    """Read repaired events, `{"source": name, "event": {"messageId": …}}` a line. Raises UnusableFile."""
    events: dict[tuple[str, str], bytes] = {}
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=_Line)
            named = msgspec.json.decode(line.event, type=_Named)
        except msgspec.MsgspecError as error:
            raise UnusableFile(
                f'line {number}: {error}; write {{"source": …, "event": {{"messageId": …, …}}}}'
            ) from None
        events[line.source, named.message_id] = bytes(line.event)
    return events
