"""One SQLite store, several processes: how the separate services of one machine share it."""

import subprocess
import sys
from pathlib import Path

from contract import shared_store

from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.collections import CHECKPOINTS, LEADS
from leadflow.contracts.documents import LeadDoc

ROUNDS = 60


async def test_processes_that_write_at_once_lose_nothing_and_wait_for_one_another(tmp_path: Path) -> None:
    """Every insert is there, every compare-and-set counted once, and nobody is locked out for long."""
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    processes = [
        subprocess.Popen(  # noqa: ASYNC220, S603  our own script; nothing else runs in this loop
            [sys.executable, shared_store.__file__, str(path), name, str(ROUNDS)], stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b", "c")
    ]
    locked = [int(process.communicate(timeout=90)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum(locked) <= ROUNDS // 10, "a second was not enough to get the lock"
    (counter,) = await store.get(CHECKPOINTS, [shared_store.COUNTER])
    assert counter is not None
    assert counter.value.offset == len(processes) * ROUNDS
    ends = [f"{name}-{ROUNDS - 1}-{shared_store.BATCH - 1}" for name in ("a", "b", "c")]
    assert all(await store.get(LEADS, ends))
    inserted = await store.insert(LEADS, [(key, LeadDoc()) for key in ends])
    assert inserted == [None, None, None]
    await store.close()
