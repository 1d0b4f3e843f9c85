"""A process that works on a store which others write to at the same time: run by test_store_sqlite_shared."""

import asyncio
import sys
from pathlib import Path

from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.collections import CHECKPOINTS, LEADS
from leadflow.contracts.documents import CheckpointDoc, LeadDoc
from leadflow.ports import Unavailable

COUNTER = "counter"
BATCH = 200


async def work(path: Path, name: str, rounds: int) -> int:
    """In each round insert a batch of documents and add one to a shared counter; how often the store was locked."""
    store = await SqliteStore.open(path)
    locked = 0
    for number in range(rounds):
        documents = [(f"{name}-{number}-{i}", LeadDoc(model="m" * 300)) for i in range(BATCH)]
        inserted = False
        while not inserted:
            try:
                await store.insert(LEADS, documents)
                inserted = True
            except Unavailable:
                locked += 1
        while not await _add_one(store):
            pass
    await store.close()
    return locked


async def _add_one(store: SqliteStore) -> bool:
    """Compare and set; False when another process was faster."""
    (found,) = await store.get(CHECKPOINTS, [COUNTER])
    try:
        if found is None:
            (done,) = await store.insert(CHECKPOINTS, [(COUNTER, CheckpointDoc(offset=1))])
        else:
            document = CheckpointDoc(offset=found.value.offset + 1)
            (done,) = await store.replace(CHECKPOINTS, [(COUNTER, document, found.rev)])
    except Unavailable:
        return False
    return done is not None


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))}\n")
