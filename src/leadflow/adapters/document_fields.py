"""The declared fields of a document, as queries see them."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition, fields_of

D = TypeVar("D", bound=msgspec.Struct)

_PLAIN = frozenset((str, int, type(None)))


def field_values(collection: Collection[D], document: D) -> list[str | int | None]:
    """Each declared field's value, in order; booleans as 0 and 1. TypeError for what no query could compare."""
    return [
        value
        if (value := getattr(document, name)) is None or type(value) is str or type(value) is int
        else _plain(collection, name, value)
        for name in collection.fields
    ]


def field_columns(collection: Collection[D], documents: Sequence[D]) -> list[list[str | int | None]]:
    """`field_values` of many documents, a field at a time: plain values, as most are, are looked at together."""
    columns = []
    for name in collection.fields:
        column = list(map(attrgetter(name), documents))
        if not _PLAIN.issuperset(map(type, column)):
            column = [value if type(value) in _PLAIN else _plain(collection, name, value) for value in column]
        columns.append(column)
    return columns


def check_fields(collection: Collection[Any], names: Iterable[str]) -> None:
    """ValueError for a field that the collection does not declare."""
    for name in names:
        if name not in collection.fields:
            known = ", ".join(sorted(collection.fields)) or "none"
            raise ValueError(f"collection {collection.name!r} declares no field {name!r}; declared: {known}")


def check_condition(collection: Collection[Any], where: Condition | None) -> None:
    """ValueError if the condition names a field that the collection does not declare."""
    if where is not None:
        check_fields(collection, sorted(fields_of(where)))


def _plain(collection: Collection[Any], name: str, value: object) -> str | int:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"{collection.name}.{name} is {type(value).__name__}; declared fields hold text, integers or None")
