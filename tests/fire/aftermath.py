"""What a run has left behind: the documents of the store, and every topic as an outsider reads it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fire.reading import Topic, read_topics
from pipeline.aftermath import Aftermath, read_aftermath
from tools.arango_double.process import Place

from leadflow.adapters.store_arango import ArangoStore
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts import topics
from leadflow.ports import Log, Record

TOPICS = (topics.RESOLVED, topics.STAGE_CHANGES, topics.LEAD_SCORES)


@dataclass(frozen=True, slots=True)
class _Copy:
    """Enough of a log to read what was copied from one."""

    topics: Mapping[str, Topic]

    async def bounds(self, topic: str) -> Sequence[tuple[int, int]]:
        return [(0, records[-1].offset + 1 if records else 0) for records in self.topics[topic]]

    async def read(self, topic: str, partition: int, offset: int, _limit: int) -> Sequence[Record]:
        return [record for record in self.topics[topic][partition] if record.offset >= offset]


def look_around(bootstrap: str, store: Path | Place) -> tuple[Aftermath, Topic]:
    """All that is left, in a file or a database, and all that was sent to the leads, partition by partition."""
    return asyncio.run(_look_around(bootstrap, store))


async def _look_around(bootstrap: str, place: Path | Place) -> tuple[Aftermath, Topic]:
    copied = await read_topics(bootstrap, TOPICS)
    log: Log = _Copy(copied)  # type: ignore[assignment]  reading needs no more of it
    store = await (SqliteStore.open(place) if isinstance(place, Path) else ArangoStore.open(place.options))
    try:
        return await read_aftermath(log, store), copied[topics.RESOLVED]
    finally:
        await store.close()
