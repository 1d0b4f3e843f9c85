"""Names as they are compared: of events, and of traits."""

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s_-]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[\W_]+")


_LONGEST = 200  # characters of a name; what is longer is cut, so that the caches stay small


def event_name(name: str) -> str:
    """`Demo_Requested`, `demo-requested` and ` Demo  Requested ` are all `demo requested`."""
    return _event_name(name[:_LONGEST])


def snake_case(name: str) -> str:
    """`firstName`, `First Name` and `first-name` are all `first_name`; `CRMId` is `crm_id`."""
    return _snake_case(name[:_LONGEST])


@lru_cache(maxsize=4096)
def _event_name(name: str) -> str:
    return _SEPARATORS.sub(" ", name.lower()).strip()


@lru_cache(maxsize=4096)
def _snake_case(name: str) -> str:
    return _NO_WORD.sub("_", _CAMEL.sub("_", name).lower()).strip("_")
