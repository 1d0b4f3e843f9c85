"""What counts as an incompatible change of a contract, one kind at a time."""

# ruff: noqa: ARG005 - every change gets the lead and its properties, and takes what it needs

import copy
from collections.abc import Callable
from typing import Any

import pytest

from leadflow.contracts.compatibility import breaks

Schema = dict[str, Any]

OLD: Schema = {
    "$ref": "#/$defs/Lead",
    "$defs": {
        "Lead": {
            "type": "object",
            "required": ["id", "stage", "points"],
            "properties": {
                "id": {"type": "string"},
                "stage": {"enum": ["lead", "mql"]},
                "points": {"type": "number"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}},
                "child": {"anyOf": [{"$ref": "#/$defs/Lead"}, {"type": "null"}], "default": None},
                "event": {
                    "anyOf": [
                        {"type": "object", "properties": {"kind": {"enum": ["a"]}}, "required": ["kind"]},
                        {"type": "object", "properties": {"kind": {"enum": ["b"]}}, "required": ["kind"]},
                    ]
                },
            },
        }
    },
}


def changed(change: Callable[[Schema, Schema], object]) -> Schema:
    """Return the schema after `change(lead, properties)`."""
    new = copy.deepcopy(OLD)
    change(new["$defs"]["Lead"], new["$defs"]["Lead"]["properties"])
    return new


BACKWARD = {
    "a property is removed": (lambda lead, p: p.pop("note"), "$.note: was removed or renamed"),
    "a property is renamed": (lambda lead, p: p.update(remark=p.pop("note")), "$.note: was removed or renamed"),
    "a new property is required": (
        lambda lead, p: (p.update(x={"type": "string"}), lead["required"].append("x")),
        "$.x: is required now: records without it exist",
    ),
    "a type changes": (lambda lead, p: p.update(id={"type": "integer"}), "$.id: may not be string any more"),
    "a number becomes whole": (
        lambda lead, p: p.update(points={"type": "integer"}),
        "$.points: may not be number any more",
    ),
    "null is not allowed any more": (
        lambda lead, p: p["note"].update(anyOf=[{"type": "string"}]),
        "$.note: may not be null any more",
    ),
    "an enumeration loses a value": (
        lambda lead, p: p["stage"]["enum"].remove("mql"),
        "$.stage: may not be 'mql' any more",
    ),
    "free text becomes an enumeration": (
        lambda lead, p: p.update(id={"enum": ["x"]}),
        "$.id: may not be 'any value' any more",
    ),
    "a default changes": (
        lambda lead, p: p["note"].update(default="-"),
        "$.note: has another default: old records that left it out change their meaning",
    ),
    "a constraint changes": (
        lambda lead, p: p["tags"]["items"].update(maxLength=3),
        "$.tags[]: maxLength changed from 9 to 3",
    ),
    "a tuple loses a place": (lambda lead, p: p["pair"]["prefixItems"].pop(), "$.pair: has 1 places instead of 2"),
    "a tuple needs another place": (
        lambda lead, p: (p["pair"]["prefixItems"].append({"type": "string"}), p["pair"].update(minItems=3)),
        "$.pair: needs 3 places now: records with 2 exist",
    ),
    "a place of a tuple changes": (
        lambda lead, p: p["pair"]["prefixItems"].__setitem__(0, {"type": "null"}),
        "$.pair[0]: may not be string any more",
    ),
    "the values of a mapping change": (
        lambda lead, p: p["counts"].update(additionalProperties={"type": "string"}),
        "$.counts.*: may not be integer any more",
    ),
    "a kind of record goes": (lambda lead, p: p["event"]["anyOf"].pop(), "$.event: may not be object b any more"),
}

FORWARD = {
    "what was always there may be absent": (lambda lead, p: lead["required"].remove("id"), "$.id: may be absent now"),
    "null is new": (
        lambda lead, p: p.update(id={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "$.id: may now be null, too",
    ),
    "an enumeration gains a value": (
        lambda lead, p: p["stage"]["enum"].append("sql"),
        "$.stage: may now be 'sql', too",
    ),
    "an enumeration becomes free text": (
        lambda lead, p: p.update(stage={"type": "string"}),
        "$.stage: may now be 'any value', too",
    ),
    "a kind of record is new": (
        lambda lead, p: p["event"]["anyOf"].append(
            {"type": "object", "properties": {"kind": {"enum": ["c"]}}, "required": ["kind"]}
        ),
        "$.event: may now be object c, too",
    ),
}

HARMLESS = {
    "nothing": lambda lead, p: None,
    "an optional property is added": lambda lead, p: p.update(x={"type": "string", "default": ""}),
    "a description changes": lambda lead, p: lead.update(description="other words"),
}


@pytest.mark.parametrize("name", BACKWARD)
@pytest.mark.parametrize("forward", [False, True])
def test_what_old_records_would_break_is_refused_for_every_topic(name: str, *, forward: bool) -> None:
    """New readers must read old records, which stay in the log for days."""
    change, expected = BACKWARD[name]
    assert expected in [str(found) for found in breaks(OLD, changed(change), forward=forward)]


@pytest.mark.parametrize("name", FORWARD)
def test_what_old_subscribers_would_break_on_is_refused_for_public_topics_alone(name: str) -> None:
    """Subscribers of a public topic are not ours to upgrade; readers of an internal one are."""
    change, expected = FORWARD[name]
    assert [str(found) for found in breaks(OLD, changed(change), forward=True)] == [expected]
    assert breaks(OLD, changed(change), forward=False) == []


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_changes_pass(name: str) -> None:
    """Additions that every reader may ignore are welcome."""
    assert breaks(OLD, changed(HARMLESS[name]), forward=True) == []


def test_a_whole_number_may_become_any_number_where_only_old_records_count() -> None:
    """Every integer is a number; a subscriber that expects whole ones is told, though."""
    new = changed(lambda lead, p: p["counts"].update(additionalProperties={"type": "number"}))
    assert breaks(OLD, new, forward=False) == []
    assert [str(found) for found in breaks(OLD, new, forward=True)] == ["$.counts.*: may now be number, too"]
