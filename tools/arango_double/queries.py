"""`/_api/cursor`, `/_api/explain`, `/_api/query` and `/_api/transaction`."""

from typing import Any

from tools.arango_double import errors
from tools.arango_double.aql.parse import parse
from tools.arango_double.database import Cursor, Transaction
from tools.arango_double.errors import ArangoError
from tools.arango_double.request import Answer, Call, result

OK = 200
CREATED = 201
ACCEPTED = 202
_BATCH = 1000
_WITH_PLAN = 2


def open_cursor(call: Call) -> Answer:
    """Run a query and answer with its first batch."""
    body = call.body
    found, statistics = call.database.query(body["query"], body.get("bindVars") or {})
    about: dict[str, Any] = {"extra": {"warnings": [], "stats": _statistics(statistics)}, "cached": False}
    options = body.get("options") or {}
    if options.get("profile") == _WITH_PLAN:
        reads = [name for name, _ in call.database.explain(body["query"], body.get("bindVars") or {})]
        about["extra"]["stats"]["nodes"] = []
        about["extra"]["plan"] = _plan([{"type": "EnumerateCollectionNode", "collection": name} for name in reads])
    if options.get("profile"):
        about["extra"]["profile"] = dict.fromkeys(("initializing", "parsing", "executing", "finalizing"), 1e-6)
    if body.get("count"):
        about["count"] = len(found)
    cursor = call.database.open_cursor(found, int(body.get("batchSize") or _BATCH), about)
    return _batch(call, cursor, CREATED)


def next_batch(call: Call) -> Answer:
    """The next batch of a cursor. Error 1600 where there is none."""
    return _batch(call, _cursor(call), OK)


def close_cursor(call: Call) -> Answer:
    """Let a cursor go. Error 1600 where there is none."""
    cursor = _cursor(call)
    del call.database.cursors[cursor.id]
    return Answer(ACCEPTED, {"error": False, "code": ACCEPTED, "id": cursor.id})


def _cursor(call: Call) -> Cursor:
    cursor = call.database.cursors.get(call.path["id"])
    if cursor is None:
        raise ArangoError(errors.NO_CURSOR)
    return cursor


def _batch(call: Call, cursor: Cursor, status: int) -> Answer:
    rows, more = cursor.next()
    answer = {"error": False, "code": status, "result": rows, "hasMore": more, **cursor.about}
    if more:
        answer["id"] = cursor.id
    else:
        call.database.cursors.pop(cursor.id, None)
    return Answer(status, answer)


def _statistics(done: Any) -> dict[str, Any]:
    return {
        "writesExecuted": done.written,
        "writesIgnored": done.ignored,
        "scannedFull": done.scanned,
        "scannedIndex": 0,
        "filtered": done.filtered,
        "httpRequests": 0,
        "executionTime": 1e-6,
        "peakMemoryUsage": 0,
    }


def explain(call: Call) -> Answer:
    """The collections that a query reads, each with its index."""
    nodes = [
        {"type": "IndexNode", "collection": collection, "indexes": [{"name": index}]}
        if index is not None
        else {"type": "EnumerateCollectionNode", "collection": collection}
        for collection, index in call.database.explain(call.body["query"], call.body.get("bindVars") or {})
    ]
    plan = _plan(nodes)
    every = (call.body.get("options") or {}).get("allPlans")
    return Answer(OK, {"error": False, "code": OK, **({"plans": [plan]} if every else {"plan": plan}), "warnings": []})


def _plan(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "nodes": [*nodes, {"type": "ReturnNode"}],
        "rules": [],
        "collections": [{"name": node["collection"], "type": "read"} for node in nodes],
        "variables": [],
        "isModificationQuery": False,
    }


def validate(call: Call) -> Answer:
    """Parse a query without running it."""
    parse(call.body["query"])
    return Answer(OK, {"error": False, "code": OK, "parsed": True, "collections": [], "bindVars": [], "ast": []})


# --- stream transactions ---------------------------------------------------------------------------------------------


def begin(call: Call) -> Answer:
    """Start a transaction."""
    return result(_about(call.database.begin()), CREATED)


def transactions(call: Call) -> Answer:
    """All running transactions."""
    running = [one for one in call.database.transactions.values() if one.status == "running"]
    return Answer(OK, {"transactions": [{"id": one.id, "state": one.status} for one in running]})


def status(call: Call) -> Answer:
    """How a transaction stands."""
    return result(_about(_transaction(call)))


def commit(call: Call) -> Answer:
    """Make a transaction's changes everybody's."""
    transaction = _transaction(call)
    if transaction.status == "aborted":
        raise ArangoError(errors.TRANSACTION_ABORTED)
    if transaction.status == "running":
        call.database.commit(transaction)
    return result(_about(transaction))


def abort(call: Call) -> Answer:
    """Forget a transaction's changes."""
    transaction = _transaction(call)
    transaction.status = "aborted"
    return result(_about(transaction))


def _transaction(call: Call) -> Transaction:
    if not call.path["id"].isdecimal():
        raise ArangoError(errors.BAD_PARAMETER, "bad transaction ID")
    return call.database.transaction(call.path["id"])


def _about(transaction: Transaction) -> dict[str, str]:
    return {"id": transaction.id, "status": transaction.status}
