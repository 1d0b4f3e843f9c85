"""Reads of a SQLite file beside its writer: small ones where they are asked for, long ones on threads of their own."""

import asyncio
import queue
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from leadflow.adapters.sqlite_file import connect, unavailable
from leadflow.ports import Unavailable

T = TypeVar("T")
C = TypeVar("C")
Read = Callable[[sqlite3.Connection], T]

THREADS = 2


class SqliteReader:
    """One connection for the event loop and one per thread. Each read sees all that was committed before it."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises Unavailable."""
        self._path = path
        self._here: sqlite3.Connection | None = self._opened()
        self._spare: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="leadflow-reader")

    def small(self, read: Read[T]) -> T:
        """Run a read that takes well under a millisecond, now. Raises Unavailable."""
        if self._here is None:
            raise Unavailable(f"{self._path.name} is closed")
        return self._explained(read, self._here)

    async def long(self, read: Read[T]) -> T:
        """Run a read off the event loop. Raises Unavailable."""
        if self._here is None:
            raise Unavailable(f"{self._path.name} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._apart, read)

    async def close(self) -> None:
        """Wait for the reads in flight and release the file."""
        if self._here is None:
            return
        here, self._here = self._here, None
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        here.close()
        while not self._spare.empty():
            self._spare.get().close()

    def _apart(self, read: Read[T]) -> T:
        connection = self._lent()
        try:
            return self._explained(read, connection)
        finally:
            self._spare.put(connection)

    def _lent(self) -> sqlite3.Connection:
        try:
            return self._spare.get_nowait()
        except queue.Empty:
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        return self._explained(lambda _: connect(self._path, reading=True), None)

    def _explained(self, read: Callable[[C], T], connection: C) -> T:
        try:
            return read(connection)
        except sqlite3.Error as error:
            known = unavailable(self._path, error)
            if known is None:
                raise
            raise known from error
