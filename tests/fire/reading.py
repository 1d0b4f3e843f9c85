"""Topics as an outsider reads them: a plain aiokafka consumer that sees committed records only."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from leadflow.ports import Record

PREFIX = "leadflow."
READ_COMMITTED = "read_committed"
_POLL_MS = 200

Topic = Sequence[Sequence[Record]]
"""The records of each partition, in order."""


@asynccontextmanager
async def consumer(bootstrap: str, topics: Sequence[str], isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside any group, at the beginning of every partition of the topics (by their logical names)."""
    reader = AIOKafkaConsumer(
        *[PREFIX + topic for topic in topics],
        bootstrap_servers=bootstrap,
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=8 * 1024 * 1024,
    )
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def read_topics(bootstrap: str, topics: Sequence[str], isolation: str = READ_COMMITTED) -> dict[str, Topic]:
    """Everything that can be read of the topics now. Nobody may be in the middle of a transaction."""
    found: dict[TopicPartition, list[Record]] = {}
    async with consumer(bootstrap, topics, isolation) as reader:
        places = sorted(reader.assignment())
        found = {place: [] for place in places}
        ends = await reader.end_offsets(places)
        while not await caught_up(reader, ends):
            for place, records in (await reader.getmany(timeout_ms=_POLL_MS, max_records=10_000)).items():
                found[place] += [_record(place, one) for one in records]
    return {topic: [found[place] for place in places if place.topic == PREFIX + topic] for topic in topics}


async def caught_up(reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether the reader stands behind everything, the markers of transactions included."""
    return all([await reader.position(place) >= end for place, end in ends.items()])


def _record(place: TopicPartition, one: object) -> Record:
    key = getattr(one, "key", None)
    return Record(
        topic=place.topic.removeprefix(PREFIX),
        partition=place.partition,
        offset=one.offset,  # type: ignore[attr-defined]
        key=key.decode() if key is not None else "",
        value=one.value,  # type: ignore[attr-defined]
        timestamp=one.timestamp,  # type: ignore[attr-defined]
    )
