"""Records as Kafka keeps them: bytes, CloudEvents headers, and batches cut to size."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition

from leadflow.adapters.topic_layout import Place, TopicLayout
from leadflow.ports import Emit, Record

Header = tuple[str, bytes]
Entry = tuple[bytes, bytes | None, list[Header]]
"""(key, value, headers)."""

OVERHEAD_BYTES = 256
"""What headers and framing add to a record, about."""

_UNTYPED = b"dev.leadflow.record.v1"
_SOURCE: Header = ("ce_source", b"leadflow")
_VERSION: Header = ("ce_specversion", b"1.0")
_JSON: Header = ("content-type", b"application/json")
_TRACE = "traceparent"  # W3C's name, as OpenTelemetry and CloudEvents' extension for tracing write it


def entries(
    emits: Sequence[Emit], layout: TopicLayout, prefix: str, now: int
) -> tuple[dict[TopicPartition, list[Entry]], int]:
    """Records by the partition that they go to, in order, and their bytes; `now` in milliseconds.

    ValueError for a place that there is not, UnicodeEncodeError for a key that is no text: before anything is written.
    """
    time: Header = ("ce_time", datetime.fromtimestamp(now / 1_000, UTC).isoformat(timespec="milliseconds").encode())
    grouped: dict[Place, list[Entry]] = {}
    size = 0
    for emit in emits:
        place = layout.place(emit)
        key, value = emit.key.encode(), emit.value
        headers = [
            ("ce_id", (emit.id or uuid4().hex).encode()),
            ("ce_type", emit.type.encode() or _UNTYPED),
            _SOURCE,
            _VERSION,
            time,
            _JSON,
        ]
        if emit.trace:
            headers.append((_TRACE, emit.trace.encode()))
        grouped.setdefault(place, []).append((key, value, headers))
        size += len(key) + len(value or b"") + OVERHEAD_BYTES
    return {TopicPartition(prefix + topic, partition): part for (topic, partition), part in grouped.items()}, size


async def send(
    producer: AIOKafkaProducer, grouped: Mapping[TopicPartition, Iterable[Entry]], now: int
) -> list[asyncio.Future[object]]:
    """Hand records to a producer in batches of its size; the futures of their acknowledgements."""
    acknowledged: list[asyncio.Future[object]] = []
    for place, part in grouped.items():
        batch = producer.create_batch()
        for key, value, headers in part:
            if batch.append(timestamp=now, key=key, value=value, headers=headers) is None:
                acknowledged.append(await producer.send_batch(batch, place.topic, partition=place.partition))
                batch = producer.create_batch()
                batch.append(timestamp=now, key=key, value=value, headers=headers)
        acknowledged.append(await producer.send_batch(batch, place.topic, partition=place.partition))
    return acknowledged


def decoded(topic: str, found: Iterable[ConsumerRecord], *, traces: bool = False) -> list[Record]:
    """Records as the ports know them, `topic` by its logical name; a key that is no text as well as it can be read.

    `traces`: look for them.
    """
    return [
        Record(
            topic=topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key.decode("utf-8", "replace") if record.key else "",
            value=record.value,
            timestamp=record.timestamp,
            trace=_trace_of(record.headers) if traces else "",
        )
        for record in found
    ]


def _trace_of(headers: Iterable[Header]) -> str:
    """The trace that a record belongs to, as it stands in its header: anybody may have written it."""
    return next((value.decode("latin-1") for name, value in headers if name == _TRACE), "")
