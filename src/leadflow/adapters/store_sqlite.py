"""The store in one SQLite file. What is written is on the disk when a call returns."""

import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from leadflow.adapters import store_sqlite_query as query
from leadflow.adapters import store_sqlite_tables as tables
from leadflow.adapters import store_sqlite_writes as writes
from leadflow.adapters.sqlite_file import STORE_FILE, claim
from leadflow.adapters.sqlite_reader import SqliteReader
from leadflow.adapters.sqlite_writer import INLINE_SECONDS, SqliteWriter
from leadflow.contracts.collections import COLLECTIONS, Collection
from leadflow.core.conditions import Condition
from leadflow.core.digest import Digest, unpacked
from leadflow.ports import Cursor, Order, Stored

D = TypeVar("D", bound=msgspec.Struct)

SMALL_READ = 512  # documents; more are read on a thread
ROW_BYTES = 256
REVISION_BITS = 31
REVISION_DIGITS = 18


class SqliteStore:
    """`ports.Store`. The collections are fixed when it is opened; ValueError for any other."""

    def __init__(self, writer: SqliteWriter, reader: SqliteReader, collections: Iterable[Collection[Any]]) -> None:
        """Use `open`."""
        self._statements = {collection.name: tables.Statements(collection) for collection in collections}
        self._decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {}
        self._encode = msgspec.json.Encoder().encode
        self.writer = writer
        self.reader = reader

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        collections: Iterable[Collection[Any]] = COLLECTIONS,
        inline_seconds: float = INLINE_SECONDS,
    ) -> "SqliteStore":
        """Open or create the store; fields and indexes that were declared since are filled in.

        Raises WrongFile if the file is no store or of another version, Unavailable if it cannot be opened.
        `inline_seconds`: see SqliteWriter.
        """
        file = Path(path)
        collections = tuple(collections)
        writer = SqliteWriter(file, name="store", inline_seconds=inline_seconds)

        def create(connection: sqlite3.Connection) -> None:
            claim(connection, file, STORE_FILE)
            for collection in collections:
                tables.create(connection, collection)

        try:
            await writer.run(create, 0)
            return cls(writer, SqliteReader(file), collections)
        except BaseException:
            await writer.close()
            raise

    async def close(self) -> None:
        """Flush what waits and release the file."""
        await self.writer.close()
        await self.reader.close()

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """See `ports.Store`."""
        statements = self._of(collection)
        packed = statements.pack(keys)

        def read(connection: sqlite3.Connection) -> list[tables.Row]:
            return statements.get(connection, packed)

        rows = self.reader.small(read) if len(keys) <= SMALL_READ else await self.reader.long(read)
        found = {document.key: document for document in self._documents(collection, rows)}
        return [found.get(key) for key in keys]

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """See `ports.Store`. Of equal keys in one call the first one wins."""
        statements, revision = self._of(collection), _first_revision()
        if not documents:
            return []
        keys, values = zip(*documents, strict=True)
        bodies = list(map(self._encode, values))
        columns = statements.columns.of(values)
        rows = list(zip(statements.pack(keys), repeat(revision, len(keys)), bodies, *columns, strict=True))
        done = await self.writer.run(lambda connection: writes.inserted(connection, statements, rows), _size(bodies))
        rev = str(revision)
        return [rev if inserted else None for inserted in done]

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """See `ports.Store`."""
        statements = self._of(collection)
        if not documents:
            return []
        keys, values, revs = zip(*documents, strict=True)
        bodies = list(map(self._encode, values))
        fields = statements.columns.by_document(values)
        rows = list(zip(statements.pack(keys), map(_number, revs), bodies, fields, strict=True))
        revisions = await self.writer.run(
            lambda connection: writes.replaced(connection, statements, rows), _size(bodies)
        )
        return [None if revision is None else str(revision) for revision in revisions]

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """See `ports.Store`. All at once without a look; where one of them has moved on, as `replace` does."""
        statements, before = self._of(collection), [known for known, _ in documents]
        if not documents:
            return []
        keys = statements.pack([known.key for known in before])
        revisions = [_number(known.rev) for known in before]
        values = [value for _, value in documents]
        bodies = list(map(self._encode, values))
        fields = statements.columns.by_document
        held = fields([known.value for known in before])
        rows = list(zip(keys, revisions, bodies, held, fields(values), strict=True))
        try:
            await self.writer.run(lambda connection: writes.superseded(connection, statements, rows), _size(bodies))
        except writes.Contended:
            return await self.replace(collection, [(known.key, value, known.rev) for known, value in documents])
        return [str(revision + 1) for revision in revisions]

    async def delete(self, collection: Collection[D], keys: Sequence[str]) -> None:
        """See `ports.Store`."""
        statements = self._of(collection)
        packed = statements.pack(keys)
        if packed:
            size = ROW_BYTES * len(packed)
            await self.writer.run(lambda connection: writes.deleted(connection, statements, packed), size)

    async def find(
        self,
        collection: Collection[D],
        where: Condition | None = None,
        *,
        order: Order | None = None,
        limit: int = 100,
        after: Cursor | None = None,
    ) -> Sequence[Stored[D]]:
        """See `ports.Store`. ValueError for a field that the collection does not declare."""
        self._of(collection)
        statement, values = query.find(collection, where, order, limit, after)
        return self._documents(collection, await self.reader.long(_all(statement, values)))

    async def count(self, collection: Collection[D], by: str, where: Condition | None = None) -> Mapping[Any, int]:
        """See `ports.Store`. ValueError for a field that the collection does not declare."""
        self._of(collection)
        statement, values = query.count(collection, by, where)
        counts = await self.reader.long(_all(statement, values))
        return {unpacked(value): n for value, n in counts} if collection.fields[by] is Digest else dict(counts)

    def _of(self, collection: Collection[Any]) -> tables.Statements:
        try:
            return self._statements[collection.name]
        except KeyError:
            known = ", ".join(sorted(self._statements))
            raise ValueError(
                f"the store was opened without the collection {collection.name!r}; with: {known}"
            ) from None

    def _documents(self, collection: Collection[D], rows: Sequence[tables.Row]) -> Sequence[Stored[D]]:
        decoder = self._decoders.get(collection.document)
        if decoder is None:
            decoder = self._decoders[collection.document] = msgspec.json.Decoder(collection.document)
        unpack = self._of(collection).unpack
        return [Stored(unpack(key), decoder.decode(body), str(rev)) for key, rev, body in rows]


def _size(bodies: Sequence[bytes]) -> int:
    """What writing documents holds in memory, about, in bytes."""
    return sum(map(len, bodies)) + ROW_BYTES * len(bodies)


def _first_revision() -> int:
    """Where the revisions of documents begin, those of one call alike: a revision is only compared with its document's.

    At random, so that a document deleted and inserted anew repeats no old one.
    """
    return random.getrandbits(REVISION_BITS)


def _number(rev: str) -> int:
    """A revision as it is stored; -1, which none is, for text that none of ours was written as."""
    return int(rev) if rev.isdecimal() and len(rev) <= REVISION_DIGITS else -1


def _all(statement: str, values: Sequence[Any]) -> Callable[[sqlite3.Connection], list[Any]]:
    return lambda connection: connection.execute(statement, values).fetchall()
