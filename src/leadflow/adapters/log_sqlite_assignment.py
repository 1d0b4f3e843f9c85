"""One partition of the SQLite log, owned by one consumer while the epoch it was given is the latest."""

import sqlite3
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leadflow.adapters import log_sqlite_tables as tables
from leadflow.adapters.topic_layout import Place
from leadflow.ports import Emit, Fenced, LostPosition, Record

if TYPE_CHECKING:
    from leadflow.adapters.log_sqlite import SqliteLog

Found = tuple[Sequence[Record], int, tuple[int, int]]
"""(records, epoch of the owner, bounds), read in this order: what is missed is noticed."""


class SqliteAssignment:
    """`ports.Assignment`. `epoch` is ours; a higher one in the file belongs to whoever took over."""

    def __init__(self, log: "SqliteLog", group: str, place: Place, epoch: int, position: int) -> None:
        self._log = log
        self._group = group
        self._place = place
        self._number = log.number(place)
        self._epoch = epoch
        self._position = position
        self._closed = False

    @property
    def topic(self) -> str:
        """Its topic, by the logical name."""
        return self._place[0]

    @property
    def partition(self) -> int:
        """Its number, from 0."""
        return self._place[1]

    @property
    def position(self) -> int:
        """The offset that the next `fetch` starts from."""
        return self._position

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """See `ports.Assignment`. Raises LostPosition where the records to go on from have been trimmed."""
        deadline = time.monotonic() + wait
        while True:
            records = await self._next(max_records)
            remaining = deadline - time.monotonic()
            if records:
                self._position = records[-1].offset + 1
                return records
            if remaining <= 0:
                return []
            await self._log.listen(self._place, remaining)

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:
        """See `ports.Assignment`."""
        self._check_open()

        def move(connection: sqlite3.Connection) -> None:
            if not tables.commit(connection, self._group, self._number, self._epoch, next_offset):
                raise self._fenced()

        await self._log.commit(emits, move)

    def seek(self, offset: int) -> None:
        """See `ports.Assignment`."""
        self._check_position(offset, self._log.reader.small(lambda connection: tables.bounds(connection, self._number)))
        self._position = offset

    def close(self) -> None:
        """Stop: the partition waits for its next owner."""
        self._closed = True
        self._log.bell.ring(self._place)

    async def _next(self, max_records: int) -> Sequence[Record]:
        self._check_open()
        position = self._position

        def look(connection: sqlite3.Connection) -> Found:
            records = self._log.read_records(connection, self._place, self._number, position, max_records)
            epoch = tables.epoch_of(connection, self._group, self._number)
            return records, epoch, tables.bounds(connection, self._number)

        records, epoch, kept = await self._log.look(look, max_records)
        if epoch != self._epoch:
            raise self._fenced()
        self._check_open()
        self._check_position(position, kept)
        return records

    def _check_open(self) -> None:
        if self._closed:
            raise Fenced(f"{self.topic}[{self.partition}]: this consumer has left its group {self._group!r}")

    def _fenced(self) -> Fenced:
        return Fenced(
            f"{self.topic}[{self.partition}] of group {self._group!r} has another owner: drop all state and join again"
        )

    def _check_position(self, offset: int, kept: tuple[int, int]) -> None:
        begin, end = kept
        if not begin <= offset <= end:
            raise LostPosition(
                f"{self.topic}[{self.partition}] keeps the offsets {begin} to {end}, not {offset}: "
                "decide where to go on and seek there"
            )
