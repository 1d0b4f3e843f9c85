"""The files of an embedded pipeline: until nothing in them waits any more, and what they hold then."""

import asyncio
from pathlib import Path

from pipeline.aftermath import Aftermath, read_aftermath
from tools.arango_double.process import Place

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_arango import ArangoStore
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts import topics

HOPS = (
    ("processor", topics.TOUCHPOINTS),
    ("processor", topics.IDENTITY),
    ("scoring", topics.RESOLVED),
    ("processor", topics.REJECTED),
)
SECONDS_TO_SETTLE = 90.0


async def settle(data: Path, seconds: float = SECONDS_TO_SETTLE) -> None:
    """Until every hop of the running server has nothing left to read; TimeoutError when that takes longer."""
    log = await SqliteLog.open(data / "log.db")

    async def ends() -> list[int] | None:
        """Where the topics end, None while somebody is behind."""
        found: list[int] = []
        for group, topic in HOPS:
            bounds = await log.bounds(topic)
            committed = await log.committed(group, topic)
            if any(end > (offset or 0) for (_, end), offset in zip(bounds, committed, strict=True)):
                return None
            found += [end for _, end in bounds]
        return found

    try:
        async with asyncio.timeout(seconds):
            while (before := await ends()) is None or before != await ends():
                await log.wait(topics.STAGE_CHANGES, [end for _, end in await log.bounds(topics.STAGE_CHANGES)], 0.1)
    finally:
        await log.close()


async def read(data: Path, place: Place | None = None) -> Aftermath:
    """Everything in the files; documents are in a database of ArangoDB where a place is given."""
    log = await SqliteLog.open(data / "log.db")
    store = await (SqliteStore.open(data / "store.db") if place is None else ArangoStore.open(place.options))
    try:
        return await read_aftermath(log, store)
    finally:
        await store.close()
        await log.close()
