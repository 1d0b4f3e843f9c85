"""One collection: documents with revisions, written one by one and each atomically."""

import copy
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.arango_double import errors
from tools.arango_double.errors import ArangoError

Document = dict[str, Any]
_KEY = re.compile(r"[A-Za-z0-9_\-:.@()+,=;$!*'%]{1,254}")
_SYSTEM = frozenset(("_key", "_id", "_rev"))
_numbers = itertools.count(10_000_001)


@dataclass(slots=True)
class Index:
    """A declared index. Only what it is called and whether its values are unique matters here."""

    id: str
    definition: dict[str, Any]


@dataclass(slots=True)
class Collection:
    """Documents by key. Nothing that a caller passes in or gets out is shared."""

    name: str
    id: str
    properties: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)

    def get(self, key: str) -> Document:
        """A document. Error 1202 where there is none."""
        try:
            return copy.deepcopy(self.documents[key])
        except KeyError:
            raise ArangoError(errors.DOCUMENT_NOT_FOUND) from None

    def scan(self) -> Iterable[Document]:
        """All documents, each a copy, in the order of their keys."""
        return (copy.deepcopy(document) for document in list(self.documents.values()))

    def insert(self, document: Any, mode: str | None = None) -> tuple[Document | None, Document | None]:
        """(old, new). Error 1210 for a key that is taken, unless `mode` is ignore, replace or update."""
        if not isinstance(document, dict):
            raise ArangoError(errors.BAD_DOCUMENT)
        key = self._key(document)
        known = self.documents.get(key)
        if known is not None:
            match mode:
                case "ignore":
                    return known, None
                case "replace":
                    return self._put(key, document)
                case "update":
                    return self._put(key, merged(known, document))
                case _:
                    raise ArangoError(
                        errors.UNIQUE_VIOLATED,
                        "unique constraint violated - in index primary of type primary over '_key';"
                        f" conflicting key: {key}",
                        _key=key,
                        _id=f"{self.name}/{key}",
                        _rev=known["_rev"],
                    )
        return self._put(key, document)

    def replace(self, key: str, document: Document, rev: str | None) -> tuple[Document | None, Document | None]:
        """(old, new). Error 1202 without the document, 1200 for another revision than `rev`."""
        self._check(key, rev)
        return self._put(key, document)

    def update(
        self, key: str, patch: Document, rev: str | None, *, keep_null: bool = True, merge: bool = True
    ) -> tuple[Document | None, Document | None]:
        """(old, new); `merge` goes into objects, `keep_null` False removes what is null. Errors as for replace."""
        known = self._check(key, rev)
        result = merged(known, patch, deep=merge)
        return self._put(key, result if keep_null else _without_null(result))

    def remove(self, key: str, rev: str | None) -> Document:
        """What it was. Errors as for replace."""
        self._check(key, rev)
        return self.documents.pop(key)

    def _check(self, key: str, rev: str | None) -> Document:
        known = self.documents.get(key)
        if known is None:
            raise ArangoError(errors.DOCUMENT_NOT_FOUND)
        if rev is not None and rev != known["_rev"]:
            raise ArangoError(
                errors.CONFLICT,
                "conflict, _rev values do not match",
                _key=key,
                _id=known["_id"],
                _rev=known["_rev"],
            )
        return known

    def _key(self, document: Document) -> str:
        key = document.get("_key")
        if key is None and isinstance(document.get("_id"), str):
            name, _, key = document["_id"].partition("/")
            if name != self.name:
                raise ArangoError(errors.BAD_KEY)
        if key is None:
            return str(next(_numbers))
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise ArangoError(errors.BAD_KEY)
        return key

    def _put(self, key: str, document: Document) -> tuple[Document | None, Document | None]:
        old = self.documents.get(key)
        body = {name: value for name, value in document.items() if name not in _SYSTEM}
        new = {"_key": key, "_id": f"{self.name}/{key}", "_rev": revision(), **copy.deepcopy(body)}
        self._check_unique(key, new)
        self.documents[key] = new
        return old, new

    def _check_unique(self, key: str, new: Document) -> None:
        for index in self.indexes:
            fields = index.definition.get("fields", ())
            if index.definition.get("unique") and index.definition.get("type") == "persistent" and fields != ["_key"]:
                values = [at(new, name) for name in fields]
                for other in self.documents.values():
                    if other["_key"] != key and [at(other, name) for name in fields] == values:
                        raise ArangoError(errors.UNIQUE_VIOLATED, _key=other["_key"])


def revision() -> str:
    """A revision that no document has had."""
    return f"_r{next(_numbers):08x}---"


def at(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def merged(known: Document, patch: Document, *, deep: bool = True) -> Document:
    """`known` with what `patch` holds in its place; objects are merged when `deep`."""
    result = dict(known)
    for name, value in patch.items():
        before = result.get(name)
        both = deep and isinstance(before, dict) and isinstance(value, dict)
        result[name] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def _without_null(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_null(each) for name, each in value.items() if each is not None}
