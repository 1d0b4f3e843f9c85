"""The log's tables and the statements on them. A record's rowid is (number of its partition << 40) | offset.

So a partition is a range of rowids: reading and trimming are range scans, appending goes to the end of a range.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leadflow.adapters.sqlite_file import LOG_FILE, WrongFile, claim
from leadflow.adapters.topic_layout import Place, TopicLayout
from leadflow.ports import Record

OFFSET_BITS = 40
_OFFSETS = 1 << OFFSET_BITS

Row = tuple[int, str, bytes | None]
"""(number of the partition, key, value)."""

_SCHEMA = (
    # `origin`: the oldest offset that can be read; `floor`: no offset below is given out again, even if all rows go
    """CREATE TABLE IF NOT EXISTS partitions (
        number INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
        origin INTEGER NOT NULL DEFAULT 0, floor INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, partition))""",
    "CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, at INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS positions (
        consumer TEXT NOT NULL, number INTEGER NOT NULL, epoch INTEGER NOT NULL, committed INTEGER,
        PRIMARY KEY (consumer, number))""",
)


@dataclass(slots=True)
class Heads:
    """The next offset of each partition inside the running transaction; forgotten when another one begins."""

    known: dict[int, int] = field(default_factory=dict)

    def forget(self) -> None:
        """A new transaction: another process may have appended."""
        self.known.clear()


def create(connection: sqlite3.Connection, path: Path, layout: TopicLayout) -> dict[Place, int]:
    """Make or check the tables; the number of each partition. WrongFile if a topic has another partition count."""
    claim(connection, path, LOG_FILE)
    for statement in _SCHEMA:
        connection.execute(statement)
    there = connection.execute("SELECT topic, count(*) FROM partitions GROUP BY topic").fetchall()
    for topic, count in there:
        if topic in layout.topics and count != layout.partitions(topic):
            raise WrongFile(
                f"{path}: topic {topic!r} has {count} partitions for life, not {layout.partitions(topic)}: "
                f"set the partition count to {count}, or start with a new log"
            )
    known = {topic for topic, _ in there}
    new = [place for place in layout.places() if place[0] not in known]
    connection.executemany("INSERT INTO partitions (topic, partition) VALUES (?, ?)", new)
    rows = connection.execute("SELECT topic, partition, number FROM partitions")
    return {(topic, partition): number for topic, partition, number in rows}


def append(connection: sqlite3.Connection, heads: Heads, rows: Iterable[Row], at: int) -> None:
    """Write records behind the heads of their partitions; the heads move only when all are written."""
    moved: dict[int, int] = {}
    records = []
    for number, key, value in rows:
        offset = moved.get(number)
        if offset is None:
            offset = heads.known.get(number)
        if offset is None:
            offset = next_offset(connection, number)
        records.append(((number << OFFSET_BITS) | offset, key, value, at))
        moved[number] = offset + 1
    connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", records)
    heads.known.update(moved)


def next_offset(connection: sqlite3.Connection, number: int) -> int:
    """The offset that the partition's next record gets."""
    return bounds(connection, number)[1]


def bounds(connection: sqlite3.Connection, number: int) -> tuple[int, int]:
    """The oldest offset that can be read and the next one to be written."""
    origin, floor, last = connection.execute(
        "SELECT origin, floor, (SELECT id FROM records WHERE id >= ?2 AND id < ?3 ORDER BY id DESC LIMIT 1)"
        " FROM partitions WHERE number = ?1",
        (number, number << OFFSET_BITS, (number + 1) << OFFSET_BITS),
    ).fetchone()
    return origin, floor if last is None else max(floor, (last & (_OFFSETS - 1)) + 1)


def read(connection: sqlite3.Connection, place: Place, number: int, offset: int, limit: int) -> Sequence[Record]:
    """Up to `limit` records from `offset` on."""
    topic, partition = place
    base = number << OFFSET_BITS
    rows = connection.execute(
        "SELECT id, key, value, at FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (base + max(0, offset), base + _OFFSETS, max(0, limit)),
    )
    return [
        Record(topic=topic, partition=partition, offset=rowid - base, key=key, value=value, timestamp=at)
        for rowid, key, value, at in rows
    ]


def take_over(connection: sqlite3.Connection, group: str, numbers: Sequence[int]) -> list[tuple[int, int | None]]:
    """Become the owner of partitions: for each the new epoch and the committed offset."""
    for number in numbers:
        connection.execute(
            "INSERT INTO positions (consumer, number, epoch) VALUES (?, ?, 1)"
            " ON CONFLICT (consumer, number) DO UPDATE SET epoch = epoch + 1",
            (group, number),
        )
    query = "SELECT epoch, committed FROM positions WHERE consumer = ? AND number = ?"
    return [connection.execute(query, (group, number)).fetchone() for number in numbers]


def commit(connection: sqlite3.Connection, group: str, number: int, epoch: int, offset: int) -> bool:
    """Move the group's offset, if the epoch is still the latest."""
    statement = "UPDATE positions SET committed = ? WHERE consumer = ? AND number = ? AND epoch = ?"
    return connection.execute(statement, (offset, group, number, epoch)).rowcount == 1


def epoch_of(connection: sqlite3.Connection, group: str, number: int) -> int:
    """The epoch of the partition's present owner."""
    query = "SELECT epoch FROM positions WHERE consumer = ? AND number = ?"
    found = connection.execute(query, (group, number)).fetchone()
    return int(found[0]) if found else 0


def committed(connection: sqlite3.Connection, group: str, number: int) -> int | None:
    """The group's committed offset."""
    query = "SELECT committed FROM positions WHERE consumer = ? AND number = ?"
    found = connection.execute(query, (group, number)).fetchone()
    return found[0] if found else None
