"""The declared fields of a document, as queries see them."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition, fields_of

D = TypeVar("D", bound=msgspec.Struct)


def field_values(collection: Collection[D], document: D) -> list[str | int | None]:
    """Each declared field's value, in order; booleans as 0 and 1. TypeError for what no query could compare."""
    return [
        value
        if (value := getattr(document, name)) is None or type(value) is str or type(value) is int
        else _plain(collection, name, value)
        for name in collection.fields
    ]


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
