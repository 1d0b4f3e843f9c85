"""What ArangoDB's error numbers mean to us (its error list, 3.12)."""

from leadflow.ports import LeadflowError, Unavailable

CONFLICT = 1200
DOCUMENT_NOT_FOUND = 1202
COLLECTION_NOT_FOUND = 1203
DUPLICATE_NAME = 1207
UNIQUE_CONSTRAINT = 1210
DATABASE_NOT_FOUND = 1228
UNAUTHORIZED = 401

# The server is overloaded, starting, electing a leader or short of in-sync followers: it passes.
_PASSING = {
    18: "a lock was not had in time",
    503: "the server is not ready",
    1200: "writes kept meeting others",
    1429: "a follower is being dropped",
    1457: "a shard has no leader now",
    1465: "the cluster is read-only for want of followers",
    1478: "another coordinator is the leader",
    21003: "the server's queue is full",
    21004: "the server's queue would take too long",
}
_HINTS = {
    11: "check LEADFLOW_ARANGO_USERNAME and LEADFLOW_ARANGO_PASSWORD",
    1004: "the server is read-only",
    COLLECTION_NOT_FOUND: "run leadflow init",
    DATABASE_NOT_FOUND: "run leadflow init",
}


class StoreRefused(LeadflowError):
    """ArangoDB refuses a request for good: an operator has to do something."""


def error_of(status: int, number: int | None, message: str, request: str) -> LeadflowError:
    """The error to raise for an answer; `request` says what was asked, without its data."""
    if number in _PASSING:
        return Unavailable(f"ArangoDB, {request}: {_PASSING[number]} ({number})")
    if number is None and status >= 500:  # noqa: PLR2004 - a proxy's answer
        return Unavailable(f"ArangoDB, {request}: HTTP {status}")
    hint = f": {_HINTS[number]}" if number in _HINTS else ""
    return StoreRefused(f"ArangoDB refuses {request}: HTTP {status}, error {number}, {message}{hint}")
