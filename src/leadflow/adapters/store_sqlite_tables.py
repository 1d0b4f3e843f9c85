"""A collection as a table: key, revision, encoded document, and a real column for each declared field.

The columns of the key, the revision and the body begin with an underscore, which no field's name does.
"""

# ruff: noqa: S608  # names of tables and columns are the code's own and quoted; values are bound

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, repeat
from typing import Any, Generic, TypeVar

import msgspec

from leadflow.adapters.document_fields import field_columns
from leadflow.contracts.collections import Collection
from leadflow.core.digest import Digest, all_packed, unpacked

D = TypeVar("D", bound=msgspec.Struct)

REFILL = 1_000
_TYPES = {str: "TEXT", int: "INTEGER", Digest: "BLOB"}  # digests are packed
_KEYS_AT_ONCE = (512, 128, 32, 8, 1)

Key = str | bytes
"""A key as it is stored: packed where the collection declares digests."""


Row = tuple[Key, int, bytes]
"""(key, revision, encoded document)."""


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
        documents = [msgspec.json.decode(body, type=collection.document) for _, body in page]
        fields = dict(zip(collection.fields, columns.of(documents), strict=True))
        rows = zip(*(fields[name] for name in names), (rowid for rowid, _ in page), strict=True)
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

    def of(self, documents: Sequence[D]) -> list[list[Any]]:
        """For each field, in the order of declaration, its values in the order of the documents."""
        columns: list[list[Any]] = [*field_columns(self._collection, documents)]
        for place in self._digests:
            columns[place] = _packed_where_given(columns[place])
        return columns

    def by_document(self, documents: Sequence[D]) -> Iterable[Sequence[Any]]:
        """For each document its values."""
        return zip(*self.of(documents), strict=True) if self._collection.fields else repeat((), len(documents))


def _packed_where_given(column: Sequence[str | None]) -> list[Any]:
    given = all_packed([text for text in column if text is not None])
    if len(given) == len(column):
        return given
    packs = iter(given)
    return [None if text is None else next(packs) for text in column]


class Statements:
    """The statements on one collection, written once, so that they stay prepared."""

    def __init__(self, collection: Collection[Any]) -> None:
        self.table = quoted(collection.name)
        self.fields = tuple(map(quoted, collection.fields))
        self.columns = Columns(collection)
        self.pack: Callable[[Sequence[str]], Sequence[Key]] = all_packed if collection.key is Digest else list
        self.unpack: Callable[[Any], str] = unpacked if collection.key is Digest else str
        columns = ("_key", "_rev", "_body", *self.fields)
        self._insert = (
            f"INSERT INTO {self.table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            " ON CONFLICT (_key) DO NOTHING"
        )
        self._get = self._by_key("_key", "_rev", "_body")
        self._stand = self._by_key("_key", "_rev", "_id", *self.fields)
        self._newest = f"SELECT coalesce(max(_id), 0) FROM {self.table}"
        self._newer = f"SELECT _key FROM {self.table} WHERE _id > ?"
        self.delete = f"DELETE FROM {self.table} WHERE _key = ?"
        self.update = lru_cache(maxsize=None)(self._update)
        self.supersede = lru_cache(maxsize=None)(self._supersede)

    def get(self, connection: sqlite3.Connection, keys: Sequence[Key]) -> list[Row]:
        """The rows of those keys that are there."""
        return _found(connection, self._get, keys)

    def standing(
        self, connection: sqlite3.Connection, keys: Sequence[Key]
    ) -> dict[Key, tuple[int, int, Sequence[Any]]]:
        """(revision, row id, the values of its fields) of each key that is there."""
        return {key: (rev, rowid, values) for key, rev, rowid, *values in _found(connection, self._stand, keys)}

    def insert(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> int:
        """Insert those rows whose key is absent; how many."""
        before = connection.total_changes
        connection.executemany(self._insert, rows)
        return connection.total_changes - before

    def newest(self, connection: sqlite3.Connection) -> int:
        """The highest row id; those of later rows are higher."""
        return int(connection.execute(self._newest).fetchone()[0])

    def newer(self, connection: sqlite3.Connection, rowid: int) -> set[Key]:
        """The keys of the rows that were inserted since."""
        return {key for (key,) in connection.execute(self._newer, (rowid,))}

    def _by_key(self, *columns: str) -> dict[int, str]:
        wanted = f"SELECT {', '.join(columns)} FROM {self.table} WHERE _key IN"
        return {count: f"{wanted} ({', '.join('?' * count)})" for count in _KEYS_AT_ONCE}

    def _update(self, moved: tuple[int, ...]) -> str:
        """Write revision, body and the fields at these places of the row with an `_id`."""
        return f"{self._setting(self.fields[place] for place in moved)} WHERE _id = ?"

    def _supersede(self, moved: tuple[bool, ...]) -> str:
        """The same of the row with a `_key`, if it has a `_rev`: for each field whether it is written."""
        return f"{self._setting(compress(self.fields, moved))} WHERE _key = ? AND _rev = ?"

    def _setting(self, fields: Iterable[str]) -> str:
        changes = ", ".join(["_rev = ?", "_body = ?", *(f"{field} = ?" for field in fields)])
        return f"UPDATE {self.table} SET {changes}"


def _found(connection: sqlite3.Connection, statements: dict[int, str], keys: Sequence[Key]) -> list[Any]:
    """The rows of many keys, by a few statements."""
    rows: list[Any] = []
    done = 0
    for count in _KEYS_AT_ONCE:
        while len(keys) - done >= count:
            rows += connection.execute(statements[count], keys[done : done + count])
            done += count
    return rows
