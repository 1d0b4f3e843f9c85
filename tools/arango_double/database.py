"""A database: its collections, open cursors and stream transactions."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tools.arango_double import errors
from tools.arango_double.aql.parse import parse
from tools.arango_double.aql.plan import indexes_used
from tools.arango_double.aql.run import Execution, Statistics
from tools.arango_double.collection import Collection, Document, Index
from tools.arango_double.errors import ArangoError

_numbers = itertools.count(1000)


def new_id() -> str:
    """An id as the server gives them: digits."""
    return str(next(_numbers))


@dataclass(slots=True)
class Cursor:
    """What is left of a query's result."""

    id: str
    rest: Iterator[Any]
    more: list[Any]
    batch_size: int
    about: dict[str, Any]

    def next(self) -> tuple[list[Any], bool]:
        """The next batch, and whether there are more."""
        batch = [*self.more, *itertools.islice(self.rest, self.batch_size - len(self.more))]
        self.more = list(itertools.islice(self.rest, 1))
        return batch, bool(self.more)


@dataclass(slots=True)
class Transaction:
    """A stream transaction: a copy to work on, and what the collections held at its beginning."""

    id: str
    base: dict[str, dict[str, Document]]
    copy: "Database"
    status: str = "running"


@dataclass(slots=True)
class Database:
    """Collections by name."""

    name: str
    properties: dict[str, Any] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)

    # --- collections

    def collection(self, name: str) -> Collection:
        """A collection. Error 1203 where there is none."""
        try:
            return self.collections[name]
        except KeyError:
            raise ArangoError(errors.NO_COLLECTION, f"collection or view not found: {name}") from None

    def create_collection(self, properties: Mapping[str, Any]) -> Collection:
        """A new collection. Error 1207 for a name that is taken."""
        name = str(properties["name"])
        if name in self.collections:
            raise ArangoError(errors.DUPLICATE_NAME)
        number = new_id()
        primary = Index(f"{name}/0", {"type": "primary", "name": "primary", "fields": ["_key"], "unique": True})
        given = {"waitForSync": False, "replicationFactor": 1, "writeConcern": 1, "numberOfShards": 1, **properties}
        self.collections[name] = Collection(name, number, given, indexes=[primary])
        return self.collections[name]

    def drop(self, name: str) -> Collection:
        """Remove a collection with all that it holds."""
        self.collection(name)
        return self.collections.pop(name)

    # --- queries

    def scan(self, collection: str) -> Iterable[Document]:
        """See `aql.run.Documents`."""
        return self.collection(collection).scan()

    def change(
        self, kind: str, collection: str, key: Any, value: Any, options: Mapping[str, Any]
    ) -> tuple[Document | None, Document | None]:
        """See `aql.run.Documents`."""
        target = self.collection(collection)
        if kind == "INSERT":
            return target.insert(value, options.get("overwriteMode"))
        name = key["_key"] if isinstance(key, dict) else str(key)
        rev = key.get("_rev") if isinstance(key, dict) and options.get("ignoreRevs") is False else None
        match kind:
            case "UPDATE":
                keep, merge = options.get("keepNull", True), options.get("mergeObjects", True)
                return target.update(name, value, rev, keep_null=keep, merge=merge)
            case "REPLACE":
                return target.replace(name, value, rev)
            case _:
                return target.remove(name, rev), None

    def query(self, text: str, binds: Mapping[str, Any]) -> tuple[list[Any], Statistics]:
        """Everything that a query returns, and what it did."""
        execution = Execution(self, binds)
        return execution.run(parse(text)), execution.statistics

    def explain(self, text: str, binds: Mapping[str, Any]) -> list[tuple[str, str | None]]:
        """(collection, name of the index that serves it or None) for each FOR over a collection."""
        indexes = {
            name: {index.definition["name"]: index.definition["fields"] for index in collection.indexes}
            for name, collection in self.collections.items()
        }
        return indexes_used(parse(text), binds, indexes)

    def open_cursor(self, result: list[Any], batch_size: int, about: dict[str, Any]) -> Cursor:
        """Hold a result for reading in batches."""
        cursor = Cursor(new_id(), iter(result), [], batch_size, about)
        self.cursors[cursor.id] = cursor
        return cursor

    # --- stream transactions

    def begin(self) -> Transaction:
        """Start a transaction on a copy of all collections."""
        copies = {
            name: replace(collection, documents=dict(collection.documents))
            for name, collection in self.collections.items()
        }
        base = {name: dict(collection.documents) for name, collection in self.collections.items()}
        transaction = Transaction(new_id(), base, Database(self.name, self.properties, copies))
        self.transactions[transaction.id] = transaction
        return transaction

    def transaction(self, number: str) -> Transaction:
        """A transaction. Error 1655 where there is none."""
        try:
            return self.transactions[number]
        except KeyError:
            raise ArangoError(errors.NO_TRANSACTION, f"transaction '{number}' not found") from None

    def commit(self, transaction: Transaction) -> None:
        """Take over what a transaction changed. Error 1200 if any of it has been changed meanwhile."""
        changes = [
            (self.collections[name].documents, key, copy.documents.get(key))
            for name, copy in transaction.copy.collections.items()
            for key in copy.documents.keys() | transaction.base[name].keys()
            if copy.documents.get(key) is not transaction.base[name].get(key)
        ]
        for name, copy in transaction.copy.collections.items():
            for key in copy.documents.keys() | transaction.base[name].keys():
                before, live = transaction.base[name].get(key), self.collections[name].documents.get(key)
                if copy.documents.get(key) is not before and live is not before:
                    raise ArangoError(errors.CONFLICT)
        for documents, key, value in changes:
            if value is None:
                documents.pop(key, None)
            else:
                documents[key] = value
        transaction.status = "committed"
