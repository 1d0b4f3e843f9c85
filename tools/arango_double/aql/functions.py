"""The functions of AQL that queries here use; any other is error 1540."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tools.arango_double import errors
from tools.arango_double.aql.values import equal, is_true, number, order
from tools.arango_double.errors import ArangoError


def call(name: str, arguments: list[Any]) -> Any:
    """What a function gives for its arguments."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise ArangoError(errors.UNKNOWN_FUNCTION, f"usage of unknown function '{name}()'")
    try:
        return function(*arguments)
    except TypeError:
        raise ArangoError(errors.WRONG_ARGUMENTS, f"invalid arguments for function '{name}()'") from None


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _length(value: Any) -> int:
    return 0 if value is None else len(value) if isinstance(value, str | list | dict) else len(_text(value))


def _numbers(values: list[Any]) -> list[float | int]:
    return [value for value in (number(value) for value in values if value is not None) if value is not None]


def _sum(values: list[Any]) -> float | int:
    return sum(_numbers(values))


def _average(values: list[Any]) -> float | None:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


def _extreme(pick: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    def function(values: list[Any]) -> Any:
        return pick((value for value in values if value is not None), key=order, default=None)

    return function


def _unique(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(equal(value, known) for known in found):
            found.append(value)
    return found


def _not_null(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _merge(*objects: Any) -> dict[str, Any]:
    given = objects[0] if len(objects) == 1 and isinstance(objects[0], list) else objects
    return {name: value for each in given for name, value in each.items()}


def _names(given: tuple[Any, ...]) -> list[str]:
    return given[0] if len(given) == 1 and isinstance(given[0], list) else list(given)


def _like(text: Any, pattern: Any, fold: Any = None) -> bool:
    parts = [".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in _text(pattern)]
    flags = re.DOTALL | (re.IGNORECASE if is_true(fold) else 0)
    return re.fullmatch("".join(parts), _text(text), flags) is not None


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, list) and values else None


def _starts_with(text: Any, prefix: Any) -> bool:
    prefixes = prefix if isinstance(prefix, list) else [prefix]
    return any(_text(text).startswith(_text(each)) for each in prefixes)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "ABS": lambda value: abs(number(value) or 0),
    "APPEND": lambda left, right: [*(left or []), *(right if isinstance(right, list) else [right])],
    "AVERAGE": _average,
    "AVG": _average,
    "CONCAT": lambda *parts: "".join(map(_text, parts)),
    "COUNT": _length,
    "FIRST": _first,
    "HAS": lambda value, name: isinstance(value, dict) and name in value,
    "IS_NULL": lambda value: value is None,
    "KEEP": lambda value, *names: {name: value[name] for name in _names(names) if name in value},
    "LENGTH": _length,
    "LIKE": _like,
    "LOWER": lambda value: _text(value).lower(),
    "MAX": _extreme(max),
    "MERGE": _merge,
    "MIN": _extreme(min),
    "NOT_NULL": _not_null,
    "STARTS_WITH": _starts_with,
    "SUM": _sum,
    "TO_NUMBER": number,
    "TO_STRING": _text,
    "UNIQUE": _unique,
    "UNSET": lambda value, *names: {name: each for name, each in value.items() if name not in _names(names)},
    "UPPER": lambda value: _text(value).upper(),
    "VALUES": lambda value: list(value.values()),
}
