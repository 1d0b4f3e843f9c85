"""What AQL makes of values: which are true, and how they sort.

Null comes before booleans, numbers, text, arrays and objects. Text sorts as people expect, not by code point: the
server collates by ICU. What stands here is near to that for letters and digits and unlike code points elsewhere, which
is what matters: code that relies on the order of code points fails against it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

NULL, BOOLEAN, NUMBER, TEXT, ARRAY, OBJECT = range(6)


def is_true(value: object) -> bool:
    """False are null, false, 0 and the empty text; arrays and objects are true, also empty ones."""
    return True if isinstance(value, list | dict) else bool(value)


def rank(value: object) -> int:
    """The place of a value's type."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    return ARRAY if isinstance(value, list) else OBJECT


def order(value: Any) -> tuple[Any, ...]:
    """A key by which values of all types sort."""
    kind = rank(value)
    if kind == TEXT:
        return kind, collation(value)
    if kind == ARRAY:
        return kind, tuple(order(item) for item in value)
    if kind == OBJECT:
        return kind, tuple((collation(name), order(value[name])) for name in sorted(value, key=collation))
    return kind, 0 if value is None else value


@lru_cache(maxsize=100_000)
def collation(text: str) -> tuple[tuple[tuple[int, str], ...], str, tuple[bool, ...], str]:
    """Letters first, then accents, then case, with marks before digits before letters; at last the code points."""
    decomposed = unicodedata.normalize("NFD", text)
    letters = [character for character in decomposed if not unicodedata.combining(character)]
    primary = tuple((_class(letter), letter.casefold()) for letter in letters)
    accents = "".join(character for character in decomposed if unicodedata.combining(character))
    return primary, accents, tuple(letter.isupper() for letter in letters), text


def _class(letter: str) -> int:
    return 2 if letter.isalpha() else 1 if letter.isnumeric() else 0


def equal(left: object, right: object) -> bool:
    """Equal in type and value; 1 equals 1.0 and true does not equal 1."""
    if rank(left) != rank(right):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, Sequence) and isinstance(right, Sequence) and not isinstance(left, str):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def number(value: object) -> float | int | None:  # noqa: PLR0911 - one arm for each kind
    """The number that arithmetic takes a value for; None for what is none."""
    match value:
        case None | "" | []:
            return 0
        case bool():
            return int(value)
        case int() | float():
            return value
        case str():
            try:
                return float(value) if set(value) & set(".eE") else int(value)
            except ValueError:
                return None
        case [only]:
            return number(only)
        case _:
            return None
