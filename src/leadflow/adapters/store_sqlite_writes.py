"""Many rows in one transaction: inserted, replaced, deleted; each row by itself, in few calls."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress
from operator import ne
from typing import Any

from leadflow.adapters.store_sqlite_tables import Key, Statements

Replacement = tuple[Key, int, bytes, Sequence[Any]]
"""(key, revision to be replaced, encoded document, the values of its fields)."""


Succession = tuple[Key, int, bytes, Sequence[Any], Sequence[Any]]
"""(key, revision to be replaced, encoded document, the values of its fields with that revision, and from now on)."""


class Contended(Exception):
    """Not all rows of a call are as their writer knows them: none was written."""


def inserted(connection: sqlite3.Connection, statements: Statements, rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Insert row by row where the key is absent: was it? Of equal keys the first one wins.

    All are written in one call; if some were there before, the row ids tell which. One statement for many rows would
    cost more: SQLite copies their values once again.
    """
    newest = statements.newest(connection) if len(rows) > 1 else 0
    count = statements.insert(connection, rows)
    if count in {0, len(rows)}:
        return [count > 0] * len(rows)
    new = statements.newer(connection, newest)
    done = []
    for key, *_ in rows:
        done.append(key in new)
        new.discard(key)
    return done


def replaced(connection: sqlite3.Connection, statements: Statements, rows: Sequence[Replacement]) -> list[int | None]:
    """Compare and set row by row: the new revision, None where it was not there with the old one.

    Of equal keys the first one wins. An UPDATE writes the indexes of all columns that it names, changed or not. Looking
    first costs less than one index.
    """
    standing = statements.standing(connection, [key for key, *_ in rows])
    updates: defaultdict[tuple[int, ...], list[Sequence[Any]]] = defaultdict(list)
    done: list[int | None] = []
    for key, revision, body, values in rows:
        found = standing.get(key)
        if found is None or found[0] != revision:
            done.append(None)
            continue
        del standing[key]
        done.append(revision + 1)
        _, rowid, before = found
        moved = tuple([place for place, value in enumerate(values) if value != before[place]])
        updates[moved].append((revision + 1, body, *[values[place] for place in moved], rowid))
    for moved, changes in updates.items():
        connection.executemany(statements.update(moved), changes)
    return done


def superseded(connection: sqlite3.Connection, statements: Statements, rows: Sequence[Succession]) -> None:
    """Compare and set all rows, or raise Contended where one was not there with its old revision.

    Nothing is looked up: what each row held is told.
    """
    updates: defaultdict[tuple[bool, ...], list[Sequence[Any]]] = defaultdict(list)
    for key, revision, body, before, after in rows:
        moved = tuple(map(ne, before, after))
        updates[moved].append((revision + 1, body, *compress(after, moved), key, revision))
    unchanged = connection.total_changes
    for moved, changes in updates.items():
        connection.executemany(statements.supersede(moved), changes)
    if connection.total_changes - unchanged < len(rows):
        raise Contended


def deleted(connection: sqlite3.Connection, statements: Statements, keys: Iterable[Key]) -> None:
    """Delete those rows that are there."""
    connection.executemany(statements.delete, ((key,) for key in keys))
