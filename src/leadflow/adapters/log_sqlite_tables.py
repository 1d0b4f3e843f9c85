"""The log's tables and the statements on them: one table of records for each partition, its rowid is the offset.

So appending always goes to the right edge of a tree, and reading and trimming are range scans. One table for all
partitions wrote twice the pages in group commits of 32 records.
"""

# ruff: noqa: S608  # only numbers are written into statements; values are bound

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from leadflow.adapters.sqlite_file import LOG_FILE, WrongFile, claim
from leadflow.adapters.topic_layout import Place, TopicLayout
from leadflow.ports import Record

_STEPS = (256, 64, 32, 16)  # rows of one statement; below the last any number, but not above: each is prepared
_COLUMNS = 3  # of a record besides its offset


@dataclass(slots=True, eq=False)
class Part:
    """Records for one partition, one behind the other: what their statement binds, without their offsets.

    `number`: of the partition. `values`: key, value, milliseconds since the epoch, of each record in turn. `traces`: of
    those records that have one, by their place among these.
    """

    number: int
    values: list[str | bytes | int | None] = field(default_factory=list)
    traces: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        """How many records."""
        return len(self.values) // _COLUMNS


_SCHEMA = (
    # `origin`: the oldest offset that can be read; `floor`: no offset below is given out again, even if all rows go
    """CREATE TABLE IF NOT EXISTS partitions (
        number INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
        origin INTEGER NOT NULL DEFAULT 0, floor INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, partition))""",
    """CREATE TABLE IF NOT EXISTS positions (
        consumer TEXT NOT NULL, number INTEGER NOT NULL, epoch INTEGER NOT NULL, committed INTEGER,
        PRIMARY KEY (consumer, number))""",
    # beside the records, which most of the time have none
    """CREATE TABLE IF NOT EXISTS traces (
        number INTEGER NOT NULL, offset INTEGER NOT NULL, context TEXT NOT NULL,
        PRIMARY KEY (number, offset)) WITHOUT ROWID""",
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
    rows = connection.execute("SELECT topic, partition, number FROM partitions").fetchall()
    for _, _, number in rows:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS records_{number}"
            " (offset INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, at INTEGER NOT NULL)"
        )
    return {(topic, partition): number for topic, partition, number in rows}


def append(connection: sqlite3.Connection, heads: Heads, parts: Iterable[Part]) -> list[int]:
    """Write records behind the heads of their partitions: the first offset of each part.

    The heads move only when all are written. Traces are not written: see log_sqlite_traces.
    """
    values: dict[int, list[str | bytes | int | None]] = {}
    begins: dict[int, int] = {}
    ends: dict[int, int] = {}
    starts: list[int] = []
    for part in parts:
        number = part.number
        if number not in ends:
            head = heads.known.get(number)
            begins[number] = ends[number] = bounds(connection, number)[1] if head is None else head
            values[number] = []
        starts.append(ends[number])
        ends[number] += len(part)
        values[number] += part.values
    for number, begin in begins.items():
        _insert(connection, number, begin, values[number])
    heads.known.update(ends)
    return starts


def _insert(
    connection: sqlite3.Connection, number: int, start: int, values: Sequence[str | bytes | int | None]
) -> None:
    """Many rows a statement: each statement lets go of the interpreter's lock and has to wait for it again."""
    done, total = 0, len(values) // _COLUMNS
    while left := total - done:
        count = next((step for step in _STEPS if step <= left), left)
        bound = values[done * _COLUMNS : (done + count) * _COLUMNS]
        connection.execute(_insertion(number, count), [start + done, *bound])
        done += count


@lru_cache(maxsize=1024)
def _insertion(number: int, rows: int) -> str:
    each = ", ".join(f"(?1 + {row}, ?, ?, ?)" for row in range(rows))
    return f"INSERT INTO records_{number} VALUES {each}"


def bounds(connection: sqlite3.Connection, number: int) -> tuple[int, int]:
    """The oldest offset that can be read and the next one to be written."""
    origin, floor, last = connection.execute(
        f"SELECT origin, floor, (SELECT max(offset) FROM records_{number}) FROM partitions WHERE number = ?", (number,)
    ).fetchone()
    return origin, floor if last is None else max(floor, last + 1)


def read(connection: sqlite3.Connection, place: Place, number: int, offset: int, limit: int) -> Sequence[Record]:
    """Up to `limit` records from `offset` on."""
    topic, partition = place
    rows = connection.execute(
        f"SELECT offset, key, value, at FROM records_{number} WHERE offset >= ? ORDER BY offset LIMIT ?",
        (offset, max(0, limit)),
    )
    return [
        Record(topic=topic, partition=partition, offset=found, key=key, value=value, timestamp=at)
        for found, key, value, at in rows
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
