"""The first stage: a record of `touchpoints` becomes an arrival, or a rejection that harms nothing else."""

import msgspec

from leadflow.contracts.documents import ArrivedDoc
from leadflow.contracts.identity import Position
from leadflow.contracts.resolved import Source
from leadflow.contracts.topics import REJECTED
from leadflow.contracts.touchpoint import Rejected, Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.dead_letters import cause
from leadflow.pipeline.processor.senders import NOBODY, Sender, Senders
from leadflow.pipeline.processor.sighting import Sighting, sight
from leadflow.ports import Emit, Record

_touchpoint = msgspec.json.Decoder(Touchpoint)
_encode = msgspec.json.Encoder().encode


Header = Touchpoint | Sighting
"""What is asked of a touchpoint before it is stored: names, times, and how often it was repaired."""


class _Outline(msgspec.Struct, frozen=True):
    """What can be told of a touchpoint that cannot be read."""

    source: str = ""
    message_id: str | None = None


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A touchpoint and its sender."""

    index: int  # in its batch
    pos: Position
    key: str  # of its document
    header: Header
    value: msgspec.Raw  # the touchpoint, encoded
    sender: Sender
    target: str | None = None  # of an action: the profile that it is about
    refused: str | None = None  # why nobody could read its identifiers: stored as rejected, so that it can be repaired
    trace: str = ""

    def touchpoint(self) -> Touchpoint:
        """All of it."""
        return _touchpoint.decode(self.value)

    def addressed(self, addr: str, src: Source) -> ArrivedDoc:
        """The document that says in one write what it is, and that it goes straight on to the leaf `addr`."""
        header, sender = self.header, self.sender
        return ArrivedDoc(  # with more than 15 arguments by name Python would build a dict for them
            pos=self.pos,
            via="tp",
            at=header.at,
            received_at=header.received_at,
            source=header.source,
            message_id=header.message_id,
            ids=sender.ids,
            keys=sender.keys,
            value=self.value,
            addr=addr,
            src=src,
            kept=sender.keys,
            ignored=sender.ignored,
            repair=header.repair,
        )

    def unaddressed(self) -> ArrivedDoc:
        """The document of one that the resolver has to decide on, or that nobody could read."""
        header, sender = self.header, self.sender
        return ArrivedDoc(
            pos=self.pos,
            via="tp" if self.refused else "id",
            at=header.at,
            received_at=header.received_at,
            source=header.source,
            message_id=header.message_id,
            ids=sender.ids,
            keys=sender.keys,
            value=self.value,
            ignored=sender.ignored,
            rejected=self.refused is not None,
            reason=self.refused,
            repair=header.repair,
        )


class Unusable(msgspec.Struct, frozen=True):
    """A record that can be no touchpoint of anybody: it goes to `rejected` with its reason."""

    index: int
    rejected: Rejected
    key: str

    def emit(self) -> Emit:
        """Its record in `rejected`."""
        return rejected_emit(self.key, self.rejected)


def rejected_emit(key: str, rejected: Rejected) -> Emit:
    """The record of topic `rejected` for something that was refused."""
    name = f"{rejected.source}:{rejected.message_id}" if rejected.message_id else key
    return Emit(topic=REJECTED, key=key, value=_encode(rejected), id=name, type="dev.leadflow.rejected.v1")


def read_arrival(index: int, record: Record, senders: Senders, hasher: Hasher, now: int) -> Arrival | Unusable:
    """Decode a record and read its identifiers; never raises for what stands in it."""
    value = record.value or b""
    if (sighted := sight(value, senders)) is not None:
        header, sender = sighted
        key = hasher.touchpoint(header.source, header.message_id)
        return Arrival(
            index, (record.partition, record.offset), key, header, msgspec.Raw(value), sender, None, None, record.trace
        )
    try:
        touchpoint = _touchpoint.decode(value)
    except msgspec.DecodeError as error:
        return Unusable(index, _unreadable(record, str(error), now), record.key)
    sender, target, refused = NOBODY, None, None
    if touchpoint.type != "action":
        try:
            sender = senders.of(touchpoint)
        except Exception as error:  # noqa: BLE001  one touchpoint harms itself alone
            refused = f"poison: {cause(error)}"
        if not sender.keys and refused is None:
            return Unusable(index, _nobody(touchpoint, sender, now), record.key)
    elif not (target := touchpoint.target):
        rejected = rejection(touchpoint, "no_target", "an action needs the profile that it is about", now)
        return Unusable(index, rejected, record.key)
    key = hasher.touchpoint(touchpoint.source, touchpoint.message_id)
    place, encoded = (record.partition, record.offset), msgspec.Raw(_encode(touchpoint))
    return Arrival(index, place, key, touchpoint, encoded, sender, target, refused, record.trace)


def _unreadable(record: Record, reason: str, now: int) -> Rejected:
    """The whole record as it lay in the log, named as far as it can be told whose it is."""
    text = (record.value or b"").decode(errors="replace")
    try:
        outline = msgspec.json.decode(record.value or b"", type=_Outline)
    except msgspec.MsgspecError:
        outline = _Outline()
    return Rejected(
        source=outline.source,
        hop="processor",
        code="malformed_record",
        reason=reason,
        at=now,
        body=text,
        message_id=outline.message_id,
    )


def _nobody(touchpoint: Touchpoint, sender: Sender, now: int) -> Rejected:
    why = "; ".join(f"{kind}: {reason}" for kind, reason in sender.ignored) or "none was sent"
    return rejection(touchpoint, "no_identifier", f"no usable identifier is left ({why})", now)


def rejection(touchpoint: Touchpoint, code: str, reason: str, now: int) -> Rejected:
    """What `rejected` says of a touchpoint that this service refuses."""
    return Rejected(
        source=touchpoint.source,
        hop="processor",
        code=code,
        reason=reason,
        at=now,
        body=bytes(touchpoint.body).decode(errors="replace"),
        message_id=touchpoint.message_id,
        repair=touchpoint.repair,
    )
