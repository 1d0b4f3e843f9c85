"""How the log forgets: by age and by key, in small steps, so that appends pass between them."""

import sqlite3
from collections.abc import Sequence

from leadflow.adapters.log_sqlite_tables import OFFSET_BITS, bounds

STEP = 2_000


def older(connection: sqlite3.Connection, number: int, before: int, oldest: int) -> int:
    """Where a step of retention ends: the offset behind the run of records older than `oldest` (milliseconds).

    At most STEP records are looked at, none from offset `before` on.
    """
    base = number << OFFSET_BITS
    rows = connection.execute(
        "SELECT id, at FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", (base, base + before, STEP)
    )
    end = 0
    for rowid, at in rows:
        if at >= oldest:
            break
        end = rowid - base + 1
    return int(end)


def forget(connection: sqlite3.Connection, number: int, before: int) -> int:
    """Delete up to STEP records below the offset `before` and move the origin; how many went."""
    base = number << OFFSET_BITS
    _, end = bounds(connection, number)
    before = min(before, end)
    dead = connection.execute(
        "SELECT id FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", (base, base + before, STEP)
    ).fetchall()
    reached = before if len(dead) < STEP else dead[-1][0] - base + 1
    connection.execute(
        "UPDATE partitions SET origin = max(origin, ?), floor = max(floor, ?) WHERE number = ?", (reached, end, number)
    )
    connection.execute("DELETE FROM records WHERE id >= ? AND id < ?", (base, base + reached))
    return len(dead)


def superseded(connection: sqlite3.Connection, number: int, tombstones_before: int) -> Sequence[int]:
    """The rowids that compaction removes: records with a later one of their key, and tombstones from before a time."""
    base = number << OFFSET_BITS
    span = (base, base + (1 << OFFSET_BITS))
    rows = connection.execute(
        "SELECT id FROM records WHERE id >= ?1 AND id < ?2 AND ((value IS NULL AND at < ?3) OR id NOT IN"
        " (SELECT max(id) FROM records WHERE id >= ?1 AND id < ?2 GROUP BY key))",
        (*span, tombstones_before),
    )
    return [rowid for (rowid,) in rows]


def remove(connection: sqlite3.Connection, number: int, rowids: Sequence[int]) -> int:
    """Delete records that compaction found; the next offset stays what it is."""
    _, end = bounds(connection, number)
    connection.execute("UPDATE partitions SET floor = max(floor, ?) WHERE number = ?", (end, number))
    connection.executemany("DELETE FROM records WHERE id = ?", [(rowid,) for rowid in rowids])
    return len(rowids)
