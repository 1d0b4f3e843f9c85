"""How the log forgets: by age and by key, in small steps, so that appends pass between them."""

# ruff: noqa: S608  # only numbers are written into statements; values are bound

import sqlite3
from collections.abc import Sequence

from leadflow.adapters.log_sqlite_tables import bounds

STEP = 2_000


def older(connection: sqlite3.Connection, number: int, before: int, oldest: int) -> int:
    """Where a step of retention ends: the offset behind the run of records older than `oldest` (milliseconds).

    At most STEP records are looked at, none from offset `before` on. 0: there are none.
    """
    rows = connection.execute(
        f"SELECT offset, at FROM records_{number} WHERE offset < ? ORDER BY offset LIMIT ?", (before, STEP)
    )
    end = 0
    for offset, at in rows:
        if at >= oldest:
            break
        end = offset + 1
    return end


def forget(connection: sqlite3.Connection, number: int, before: int) -> int:
    """Delete up to STEP records below the offset `before` and move the origin; how many went."""
    _, end = bounds(connection, number)
    before = min(before, end)
    dead = connection.execute(
        f"SELECT offset FROM records_{number} WHERE offset < ? ORDER BY offset LIMIT ?", (before, STEP)
    ).fetchall()
    reached = before if len(dead) < STEP else dead[-1][0] + 1
    connection.execute(
        "UPDATE partitions SET origin = max(origin, ?), floor = max(floor, ?) WHERE number = ?", (reached, end, number)
    )
    connection.execute(f"DELETE FROM records_{number} WHERE offset < ?", (reached,))
    connection.execute("DELETE FROM traces WHERE number = ? AND offset < ?", (number, reached))
    return len(dead)


def superseded(connection: sqlite3.Connection, number: int, tombstones_before: int) -> Sequence[int]:
    """The offsets that compaction removes: records with a later one of their key, and tombstones from before a time."""
    rows = connection.execute(
        f"SELECT offset FROM records_{number} WHERE (value IS NULL AND at < ?)"
        f" OR offset NOT IN (SELECT max(offset) FROM records_{number} GROUP BY key)",
        (tombstones_before,),
    )
    return [offset for (offset,) in rows]


def remove(connection: sqlite3.Connection, number: int, offsets: Sequence[int]) -> None:
    """Delete records that compaction found; the next offset stays what it is."""
    _, end = bounds(connection, number)
    connection.execute("UPDATE partitions SET floor = max(floor, ?) WHERE number = ?", (end, number))
    connection.executemany(f"DELETE FROM records_{number} WHERE offset = ?", [(offset,) for offset in offsets])
    places = [(number, offset) for offset in offsets]
    connection.executemany("DELETE FROM traces WHERE number = ? AND offset = ?", places)
