"""Until nothing waits any more: whoever consumes a topic has committed all that was committed to it."""

import asyncio
from collections.abc import Mapping
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from fire.reading import PREFIX, READ_COMMITTED, caught_up, consumer
from kill.files import HOPS

SECONDS_WITHOUT_PROGRESS = 60.0
TOPICS = tuple(topic for _, topic in HOPS)

Offsets = Mapping[TopicPartition, int]


def settle(bootstrap: str) -> float:
    """Return how many seconds it took; AssertionError when the groups do not get on for long."""
    began = monotonic()
    asyncio.run(_settle(bootstrap))
    return monotonic() - began


async def _settle(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with consumer(bootstrap, TOPICS, READ_COMMITTED) as reader:
            settled: Offsets | None = None
            before, moved = await _committed(admin), monotonic()
            while True:
                waiting = await _waiting(reader, before)
                if waiting == 0 and settled == before:
                    return
                settled = before if waiting == 0 else None
                committed = await _committed(admin)
                if committed != before:
                    before, moved = committed, monotonic()
                assert monotonic() - moved < SECONDS_WITHOUT_PROGRESS, f"{waiting} records wait, and nobody takes them"
    finally:
        await admin.close()


async def _committed(admin: AIOKafkaAdminClient) -> Offsets:
    """What the groups have committed, by the places of the topics."""
    found: dict[TopicPartition, int] = {}
    for group, *_ in await admin.list_consumer_groups():
        offsets = await admin.list_consumer_group_offsets(group)
        found |= {place: at.offset for place, at in offsets.items() if place.topic.startswith(PREFIX)}
    return found


async def _waiting(reader: AIOKafkaConsumer, committed: Offsets) -> int:
    """How many records lie behind the committed offsets."""
    places = reader.assignment()
    for place in places:
        reader.seek(place, committed.get(place, 0))
    ends = await reader.end_offsets(places)
    records = 0
    while not await caught_up(reader, ends):
        found = await reader.getmany(timeout_ms=200, max_records=10_000)
        records += sum(len(some) for some in found.values())
        if records:
            return records
    return records
