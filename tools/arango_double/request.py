"""A request as the endpoints see it, and their answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.arango_double import errors
from tools.arango_double.database import Database
from tools.arango_double.errors import ArangoError


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one database; `path` are the parts that the route left open."""

    database: Database
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The body as JSON. Error 600 for what is none."""
        if not self.raw:
            return {}
        try:
            return json.loads(self.raw)
        except ValueError as error:
            raise ArangoError(errors.BAD_JSON, f"VPackError error: {error}") from None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean query parameter."""
        value = self.query.get(name)
        return default if value is None else value.lower() in {"true", "1", "yes", "on"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body (None: empty) and headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def result(value: Any, status: int = 200) -> Answer:
    """The usual envelope around a result."""
    return Answer(status, {"error": False, "code": status, "result": value})
