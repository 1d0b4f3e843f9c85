"""What a body holds: one event or a batch, and what all of its events share."""

from typing import Any

import msgspec

from leadflow.contracts.touchpoint import NO_JSON
from leadflow.pipeline.ingest.body import mend
from leadflow.pipeline.ingest.nesting import nested_deeper_than
from leadflow.pipeline.ingest.origin import NO_CONTEXT
from leadflow.pipeline.ingest.plain import Plain, read_plain
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import ObserverSettings

_EXPANDED = 4
"""How many times the batch limit the events may take up once each carries the shared context."""

TOO_DEEP = "arrays and objects are nested deeper than {}"


class BodyLimit(msgspec.Struct, frozen=True):
    """How many bytes a body may have, compressed or not, and what to say to a larger one."""

    size: int
    refusal: Refusal


class _Single(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a lone event that concerns the request."""

    write_key: Any = None
    api_key: Any = msgspec.field(default=None, name="api_key")
    batch: msgspec.Raw = NO_JSON


class _Batch(msgspec.Struct, frozen=True, rename="camel"):
    """A batch with its events as the client wrote them."""

    batch: list[msgspec.Raw]
    write_key: Any = None
    api_key: Any = msgspec.field(default=None, name="api_key")
    sent_at: Any = None
    context: msgspec.Raw = NO_JSON


class Payload(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Events as bytes; of a batch also the `context` that each event's own context goes over, and its `sentAt`.

    A batch's events are views into its body: most are copied once only, into their records.
    """

    events: tuple[bytes | msgspec.Raw, ...]
    batch: bool
    write_key: Any
    sent_at: Any = None
    context: bytes = NO_CONTEXT
    plain: Plain | None = None  # a lone event, if it is one


_single = msgspec.json.Decoder(_Single)
_batch = msgspec.json.Decoder(_Batch)


def read_payload(data: bytes, *, batch: bool | None, limits: ObserverSettings) -> Payload | Refusal:
    """Read a body that is one event or a batch; `batch` None: a batch if it has the field. Errors name the position."""
    data = mend(data)
    try:
        if batch is None:
            batch = bytes(_single.decode(data).batch) != b"null"
        return _read_batch(data, limits) if batch else _read_single(data, limits)
    except msgspec.ValidationError as error:
        return Refusal(400, "invalid_batch" if batch else "invalid_event", f"the body has another shape: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Refusal(400, "malformed_json", f"the body is not JSON: {placed(error, data)}")
    except RecursionError:
        return Refusal(400, "nested_too_deeply", TOO_DEEP.format(limits.max_nesting))


def _read_single(data: bytes, limits: ObserverSettings) -> Payload | Refusal:
    plain = read_plain(data, 0, limits)
    if plain is not None:
        key = plain.write_key or plain.api_key
        return Payload(events=(data.strip(),), batch=False, write_key=key, plain=plain)
    head = _single.decode(data)
    if len(data) > limits.max_event_bytes:
        return event_too_large(len(data), limits)
    return Payload(events=(data.strip(),), batch=False, write_key=head.write_key or head.api_key)


def _read_batch(data: bytes, limits: ObserverSettings) -> Payload | Refusal:
    head = _batch.decode(data)
    if len(head.batch) > limits.max_batch_events:
        return batch_too_large(f"{len(head.batch)} events, at most {limits.max_batch_events}")
    context = _shared(bytes(head.context), limits)
    if context is not NO_CONTEXT and len(data) + len(head.batch) * len(context) > _EXPANDED * limits.max_batch_bytes:
        return batch_too_large(f"a context that takes too much room beside each of {len(head.batch)} events")
    return Payload(
        events=tuple(head.batch),
        batch=True,
        write_key=head.write_key or head.api_key,
        sent_at=head.sent_at,
        context=context,
    )


def _shared(context: bytes, limits: ObserverSettings) -> bytes:
    """Check the batch's context; one that is empty or unreadable is left out: it must not cost the events."""
    if context == NO_CONTEXT or nested_deeper_than(limits.max_nesting, context):
        return NO_CONTEXT
    try:
        fields = msgspec.json.decode(context)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NO_CONTEXT
    return context if isinstance(fields, dict) and fields else NO_CONTEXT


def placed(error: Exception, data: bytes) -> str:
    """Name the position of an error in JSON, also where the decoder leaves it out: at the end."""
    text = str(error)
    return text if "byte" in text or "position" in text else f"{text} (byte {len(data)})"


def event_too_large(size: int | None, limits: ObserverSettings) -> Refusal:
    """One event above its limit; `size` None: nobody read on to see."""
    found = "more" if size is None else f"{size} bytes"
    return Refusal(413, "event_too_large", f"the event has {found}, at most {limits.max_event_bytes} bytes are taken")


def batch_too_large(what: str) -> Refusal:
    """A batch above one of its limits."""
    return Refusal(413, "batch_too_large", f"the batch has {what}: send smaller ones")
