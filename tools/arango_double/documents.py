"""`/_api/document` and `/_api/import`."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from tools.arango_double import errors
from tools.arango_double.collection import Collection, Document
from tools.arango_double.errors import ArangoError
from tools.arango_double.request import Answer, Call

Change = tuple[Document | None, Document | None]
OK = 200
CREATED = 201
ACCEPTED = 202
NOT_MODIFIED = 304
PRECONDITION_FAILED = 412


def read_many(call: Call) -> Answer:
    """PUT with `onlyget`: every key's document or an error in its place."""
    collection = _collection(call)
    wanted = _list(call.body)
    strict = not call.flag("ignoreRevs", default=True)

    def read(item: Any) -> Any:
        key = item if isinstance(item, str) else item["_key"]
        found = collection.get(key.rpartition("/")[2])
        if strict and isinstance(item, dict) and item.get("_rev", found["_rev"]) != found["_rev"]:
            raise ArangoError(errors.CONFLICT)
        return found

    return _answers([_guarded(read, item) for item in wanted], OK)


def insert(call: Call) -> Answer:
    """POST: one document or many."""
    collection, mode = _collection(call), call.query.get("overwriteMode")
    if mode is None and call.flag("overwrite"):
        mode = "replace"
    return _write(call, lambda document: collection.insert(document, mode))


def replace(call: Call) -> Answer:
    """PUT: one document or many."""
    collection = _collection(call)
    return _write(call, lambda document: collection.replace(_key(call, document), document, _rev(call, document)))


def update(call: Call) -> Answer:
    """PATCH: one document or many."""
    collection = _collection(call)
    keep, merge = call.flag("keepNull", default=True), call.flag("mergeObjects", default=True)

    def change(document: Document) -> Change:
        key, rev = _key(call, document), _rev(call, document)
        return collection.update(key, document, rev, keep_null=keep, merge=merge)

    return _write(call, change)


def remove(call: Call) -> Answer:
    """DELETE: one document or many (keys, or objects with `_key`)."""
    collection = _collection(call)

    def change(item: Any) -> Change:
        if isinstance(item, str):
            return collection.remove(item.rpartition("/")[2], None), None
        return collection.remove(_key(call, item), _rev(call, item)), None

    return _write(call, change, removal=True)


def read(call: Call) -> Answer:
    """GET and HEAD of one document, with If-Match and If-None-Match."""
    found = _collection(call).get(call.path["key"])
    if call.headers.get("If-None-Match", "").strip('"') == found["_rev"]:
        return Answer(NOT_MODIFIED)
    wanted = call.headers.get("If-Match")
    if wanted is not None and wanted.strip('"') != found["_rev"]:
        raise _precondition(ArangoError(errors.CONFLICT, _key=found["_key"], _id=found["_id"], _rev=found["_rev"]))
    return Answer(OK, found, {"Etag": f'"{found["_rev"]}"'})


def import_lines(call: Call) -> Answer:
    """POST `/_api/import?type=documents|list`: lines or a list, with `onDuplicate`."""
    collection = call.database.collection(call.query["collection"])
    text = call.raw.decode()
    rows = json.loads(text) if call.query.get("type") == "list" else [json.loads(line) for line in text.splitlines()]
    counts = Counter[str]()
    details = []
    for row in rows:
        try:
            collection.insert(row)
            counts["created"] += 1
        except ArangoError as error:
            if error.number == errors.UNIQUE_VIOLATED and call.query.get("onDuplicate") == "ignore":
                counts["ignored"] += 1
            else:
                counts["errors"] += 1
                details.append(error.message)
    names = ("created", "errors", "empty", "updated", "ignored")
    return Answer(CREATED, {"error": False, **{name: counts[name] for name in names}, "details": details})


# --- the parts -------------------------------------------------------------------------------------------------------


def _collection(call: Call) -> Collection:
    return call.database.collection(call.path["collection"])


def _list(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise ArangoError(errors.BAD_PARAMETER, "expecting an array")
    return body


def _key(call: Call, document: Any) -> str:
    key = call.path.get("key")
    if key is not None:
        return key
    if not isinstance(document, dict):
        raise ArangoError(errors.BAD_DOCUMENT)
    if "_key" in document:
        return str(document["_key"])
    if "_id" in document:
        return str(document["_id"]).rpartition("/")[2]
    raise ArangoError(errors.BAD_KEY)


def _rev(call: Call, document: Any) -> str | None:
    """The revision that the document must have: only looked at with `ignoreRevs=false`, or If-Match."""
    if "If-Match" in call.headers:
        return str(call.headers["If-Match"]).strip('"')
    if call.flag("ignoreRevs", default=True) or not isinstance(document, dict):
        return None
    return document.get("_rev")


def _write(call: Call, change: Callable[[Any], Change], *, removal: bool = False) -> Answer:
    status = CREATED if call.flag("waitForSync") else OK if removal and not call.raw else ACCEPTED
    body = call.body
    if "key" not in call.path and isinstance(body, list):
        elements = [_guarded(lambda document: _meta(call, change(document)), document) for document in body]
        if call.flag("silent"):
            elements = [element for element in elements if element.get("error")]
        return _answers(elements, status)
    try:
        meta = _meta(call, change(body))
    except ArangoError as error:
        raise (_precondition(error) if "If-Match" in call.headers else error) from None
    return Answer(status, {} if call.flag("silent") else meta, {"Etag": f'"{meta["_rev"]}"'})


def _meta(call: Call, change: Change) -> dict[str, Any]:
    old, new = change
    known = new or old or {}
    meta = {name: known[name] for name in ("_id", "_key", "_rev")}
    if old is not None and new is not None:
        meta["_oldRev"] = old["_rev"]
    if call.flag("returnNew") and new is not None:
        meta["new"] = new
    if call.flag("returnOld") and old is not None:
        meta["old"] = old
    return meta


def _guarded(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    except ArangoError as error:
        return error.element()


def _answers(elements: list[Any], status: int) -> Answer:
    """Always a success: errors stand inside, and are counted in a header."""
    codes = Counter(str(element["errorNum"]) for element in elements if element.get("error") is True)
    headers = {"X-Arango-Error-Codes": json.dumps(codes)} if codes else {}
    return Answer(status, elements, headers)


def _precondition(error: ArangoError) -> ArangoError:
    if error.number == errors.CONFLICT:
        error.status = PRECONDITION_FAILED
    return error
