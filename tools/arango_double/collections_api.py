"""`/_api/collection` and `/_api/index`."""

import hashlib
from typing import Any

from tools.arango_double import errors
from tools.arango_double.collection import Collection, Index
from tools.arango_double.database import new_id
from tools.arango_double.errors import ArangoError
from tools.arango_double.request import Answer, Call, result

CREATED = 201
OK = 200


def listed(call: Call) -> Answer:
    """All collections."""
    return result([_about(collection) for collection in call.database.collections.values()])


def create(call: Call) -> Answer:
    """A new collection."""
    return Answer(OK, _about(call.database.create_collection(call.body)))


def drop(call: Call) -> Answer:
    """Remove a collection."""
    return Answer(OK, {"error": False, "code": OK, "id": call.database.drop(call.path["collection"]).id})


def about(call: Call) -> Answer:
    """A collection, or one view of it: properties, count, figures, revision, checksum."""
    collection = call.database.collection(call.path["collection"])
    answer = _about(collection)
    match call.path.get("what"):
        case "count":
            answer["count"] = len(collection.documents)
        case "figures":
            answer |= {"count": len(collection.documents), "figures": {}}
        case "revision":
            answer["revision"] = max((document["_rev"] for document in collection.documents.values()), default="0")
        case "checksum":
            text = repr(sorted(collection.documents))
            answer |= {"checksum": hashlib.sha256(text.encode()).hexdigest()[:16], "revision": "0"}
        case None | "properties":
            pass
        case _:
            raise ArangoError(errors.NOT_FOUND)
    return Answer(OK, answer)


def change(call: Call) -> Answer:
    """PUT: properties, truncate, rename, recalculateCount, compact, loadIndexesIntoMemory."""
    collection = call.database.collection(call.path["collection"])
    match call.path["what"]:
        case "properties":
            collection.properties |= call.body
        case "truncate":
            collection.documents.clear()
        case "rename":
            call.database.collections[call.body["name"]] = call.database.collections.pop(collection.name)
            collection.name = call.body["name"]
        case "recalculateCount" | "compact" | "loadIndexesIntoMemory":
            return Answer(OK, {**_about(collection), "result": True})
        case _:
            raise ArangoError(errors.NOT_FOUND)
    return Answer(OK, _about(collection))


def _about(collection: Collection) -> dict[str, Any]:
    return {
        **collection.properties,
        "error": False,
        "code": OK,
        "id": collection.id,
        "name": collection.name,
        "globallyUniqueId": f"h{collection.id}",
        "status": 3,
        "type": 2,
        "isSystem": False,
    }


# --- indexes ---------------------------------------------------------------------------------------------------------


def indexes(call: Call) -> Answer:
    """All indexes of a collection."""
    found = [_index(index) for index in call.database.collection(call.query["collection"]).indexes]
    return Answer(OK, {"error": False, "code": OK, "indexes": found})


def add_index(call: Call) -> Answer:
    """A new index, or the one of the same kind on the same fields."""
    collection = call.database.collection(call.query["collection"])
    wanted = dict(call.body)
    for known in collection.indexes:
        if all(known.definition.get(name) == wanted.get(name) for name in ("type", "fields", "name")):
            return Answer(OK, {**_index(known), "isNewlyCreated": False})
    number = new_id()
    defaults = {"unique": False, "sparse": False, "deduplicate": True, "estimates": True, "name": f"idx_{number}"}
    index = Index(f"{collection.name}/{number}", {**defaults, **wanted})
    collection.indexes.append(index)
    return Answer(CREATED, {**_index(index), "isNewlyCreated": True})


def one_index(call: Call) -> Answer:
    """An index by its id. Error 1212 where there is none."""
    return Answer(OK, _index(_find(call)))


def drop_index(call: Call) -> Answer:
    """Remove an index. Error 1212 where there is none."""
    index = _find(call)
    call.database.collection(call.path["collection"]).indexes.remove(index)
    return Answer(OK, {"error": False, "code": OK, "id": index.id})


def _find(call: Call) -> Index:
    collection = call.database.collection(call.path["collection"])
    wanted = f"{collection.name}/{call.path['index']}"
    for index in collection.indexes:
        if index.id == wanted or index.definition["name"] == call.path["index"]:
            return index
    raise ArangoError(errors.NO_INDEX)


def _index(index: Index) -> dict[str, Any]:
    return {"error": False, "code": OK, "id": index.id, **index.definition}
