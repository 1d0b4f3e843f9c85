"""A collection as a table: key, revision, encoded document, and a real column for each declared field.

The columns of the key, the revision and the body begin with an underscore, which no field's name does.
"""

# ruff: noqa: S608  # names of tables and columns are the code's own and quoted; values are bound

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from leadflow.adapters.document_fields import field_values
from leadflow.contracts.collections import Collection
from leadflow.core.digest import Digest, packed, unpacked

D = TypeVar("D", bound=msgspec.Struct)

REFILL = 1_000
_TYPES = {str: "TEXT", int: "INTEGER", Digest: "BLOB"}  # digests are packed
_KEYS_AT_ONCE = (512, 128, 32, 8, 1)

Key = str | bytes
"""A key as it is stored: packed where the collection declares digests."""


Row = tuple[Key, int, bytes]
"""(key, revision, encoded document)."""

Replacement = tuple[Key, int, bytes, Sequence[Any]]
"""(key, revision to be replaced, encoded document, the values of its fields)."""


def quoted(name: str) -> str:
    """An identifier, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'


def create(connection: sqlite3.Connection, collection: Collection[Any]) -> None:
    """Make the collection's table and indexes; fill the columns of fields that were declared since the last time."""
    table, key = quoted(collection.name), _TYPES[collection.key]
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {table}"
        f" (_id INTEGER PRIMARY KEY, _key {key} NOT NULL UNIQUE, _rev INTEGER NOT NULL, _body BLOB NOT NULL)"
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
    columns = Columns(collection)
    for page in _pages(connection, table):
        rows = []
        for rowid, body in page:
            document = msgspec.json.decode(body, type=collection.document)
            fields = dict(zip(collection.fields, columns.of(document), strict=True))
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


class Columns(Generic[D]):
    """The declared fields of a collection's documents as their columns hold them."""

    def __init__(self, collection: Collection[D]) -> None:
        self._collection = collection
        self._digests = [place for place, kind in enumerate(collection.fields.values()) if kind is Digest]

    def of(self, document: D) -> list[Any]:
        """Their values, in the order of declaration."""
        values: list[Any] = field_values(self._collection, document)
        for place in self._digests:
            if values[place] is not None:
                values[place] = packed(values[place])
        return values


class Statements:
    """The statements on one collection, written once."""

    def __init__(self, collection: Collection[Any]) -> None:
        table = quoted(collection.name)
        columns = ["_key", "_rev", "_body", *map(quoted, collection.fields)]
        self.columns = Columns(collection).of
        self.pack: Callable[[str], Key] = packed if collection.key is Digest else str
        self.unpack: Callable[[Any], str] = unpacked if collection.key is Digest else str
        self.table = table
        self.fields = tuple(map(quoted, collection.fields))
        self.insert = (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            " ON CONFLICT (_key) DO NOTHING"
        )
        self.read_fields = f"SELECT {', '.join(['_id', *self.fields])} FROM {table} WHERE _key = ? AND _rev = ?"
        self.delete = f"DELETE FROM {table} WHERE _key = ?"
        self._get = {
            count: f"SELECT _key, _rev, _body FROM {table} WHERE _key IN ({', '.join('?' * count)})"
            for count in _KEYS_AT_ONCE
        }

    def get(self, connection: sqlite3.Connection, keys: Sequence[Key]) -> list[Row]:
        """The rows of those keys that are there, by a few statements that stay prepared."""
        rows: list[Row] = []
        done = 0
        for count in _KEYS_AT_ONCE:
            while len(keys) - done >= count:
                rows += connection.execute(self._get[count], keys[done : done + count])
                done += count
        return rows

    def update(self, fields: tuple[str, ...]) -> str:
        """Write revision, body and these fields of the row with an `_id`."""
        changes = ", ".join(["_rev = ?", "_body = ?", *(f"{name} = ?" for name in fields)])
        return f"UPDATE {self.table} SET {changes} WHERE _id = ?"


def replaced(connection: sqlite3.Connection, statements: Statements, rows: Iterable[Replacement]) -> list[int | None]:
    """Compare and set row by row: the new revision, None where it was not there with the old one.

    An UPDATE writes the indexes of all columns that it names, changed or not. Looking first costs less than one index.
    """
    execute, fields = connection.execute, statements.fields
    done: list[int | None] = []
    for key, revision, body, values in rows:
        found = execute(statements.read_fields, (key, revision)).fetchone()
        done.append(None if found is None else revision + 1)
        if found is None:
            continue
        rowid, *before = found
        moved = [place for place, value in enumerate(values) if value != before[place]]
        new = [values[place] for place in moved]
        execute(statements.update(tuple([fields[place] for place in moved])), (revision + 1, body, *new, rowid))
    return done


def changed(connection: sqlite3.Connection, statement: str, rows: Iterable[Sequence[Any]]) -> list[bool]:
    """Run a statement for each row of values: did it change anything?"""
    execute = connection.execute
    return [execute(statement, row).rowcount == 1 for row in rows]
