"""A collection as a table: key, revision, encoded document, and a real column for each declared field.

The columns of the key, the revision and the body begin with an underscore, which no field's name does.
"""

# ruff: noqa: S608  # names of tables and columns are the code's own and quoted; values are bound

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from leadflow.adapters.document_fields import field_values
from leadflow.contracts.collections import Collection

REFILL = 1_000
_TYPES = {str: "TEXT", int: "INTEGER"}


def quoted(name: str) -> str:
    """An identifier, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'


def create(connection: sqlite3.Connection, collection: Collection[Any]) -> None:
    """Make the collection's table and indexes; fill the columns of fields that were declared since the last time."""
    table = quoted(collection.name)
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {table}"
        " (_id INTEGER PRIMARY KEY, _key TEXT NOT NULL UNIQUE, _rev INTEGER NOT NULL, _body BLOB NOT NULL)"
    )
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    new = [name for name in collection.fields if name not in there]
    for name in new:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {_TYPES[collection.fields[name]]}")
    if new:
        _refill(connection, collection, new)
    _index(connection, collection)


def _refill(connection: sqlite3.Connection, collection: Collection[Any], names: Sequence[str]) -> None:
    """Read every document again and write the named columns."""
    table = quoted(collection.name)
    setting = ", ".join(f"{quoted(name)} = ?" for name in names)
    for page in _pages(connection, table):
        rows = []
        for rowid, body in page:
            document = msgspec.json.decode(body, type=collection.document)
            fields = dict(zip(collection.fields, field_values(collection, document), strict=True))
            rows.append((*(fields[name] for name in names), rowid))
        connection.executemany(f"UPDATE {table} SET {setting} WHERE _id = ?", rows)


def _pages(connection: sqlite3.Connection, table: str) -> Iterator[list[tuple[int, bytes]]]:
    last = 0
    query = f"SELECT _id, _body FROM {table} WHERE _id > ? ORDER BY _id LIMIT {REFILL}"
    while page := connection.execute(query, (last,)).fetchall():
        yield page
        last = page[-1][0]


def _index(connection: sqlite3.Connection, collection: Collection[Any]) -> None:
    """Make the declared indexes, each with the key as the tie-breaker; drop those that are declared no more."""
    table = quoted(collection.name)
    wanted = {"_".join(("ix", collection.name, *fields)): fields for fields in collection.indexes}
    query = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    there = {name for (name,) in connection.execute(query, (collection.name,))}
    for name in there - wanted.keys():
        connection.execute(f"DROP INDEX {quoted(name)}")
    for name in wanted.keys() - there:
        columns = ", ".join(map(quoted, (*wanted[name], "_key")))
        connection.execute(f"CREATE INDEX {quoted(name)} ON {table} ({columns})")


class Statements:
    """The statements on one collection, written once."""

    def __init__(self, collection: Collection[Any]) -> None:
        table = quoted(collection.name)
        columns = ["_key", "_rev", "_body", *map(quoted, collection.fields)]
        changes = ", ".join(["_rev = ?", "_body = ?", *(f"{quoted(name)} = ?" for name in collection.fields)])
        self.table = table
        self.insert = (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            " ON CONFLICT (_key) DO NOTHING"
        )
        self.replace = f"UPDATE {table} SET {changes} WHERE _key = ? AND _rev = ?"
        self.delete = f"DELETE FROM {table} WHERE _key = ?"

    def get(self, count: int) -> str:
        """Read `count` keys."""
        return f"SELECT _key, _rev, _body FROM {self.table} WHERE _key IN ({', '.join('?' * count)})"


def changed(connection: sqlite3.Connection, statement: str, rows: Iterable[Sequence[Any]]) -> list[bool]:
    """Run a statement for each row of values: did it change anything?"""
    execute = connection.execute
    return [execute(statement, row).rowcount == 1 for row in rows]
