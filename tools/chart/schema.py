"""values.schema.json: every value that values.yaml has and no other, of its kind, within its constraints."""

import json
from pathlib import Path
from typing import Any

import yaml
from tools.chart import settings
from tools.chart.values import Group, Value

CONSTRAINTS = Path(__file__).with_name("constraints.yaml")
COMPONENTS = ("embedded", "observer", "processor", "scoring", "adminApi", "init")
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}

Json = dict[str, Any]


class Unconstrained(Exception):
    """A list or a mapping of which nobody said what may be in it, or a constraint of a value that is not there."""


def schema_json(values: Group) -> str:
    """Return the schema as text. Raises Unconstrained."""
    constraints = yaml.safe_load(CONSTRAINTS.read_text(encoding="utf-8"))
    given: dict[str, Json] = constraints["values"]
    unused = set(given) - {_pattern(value.path) for value in values.values()} - {_dotted(v) for v in values.values()}
    if unused:
        raise Unconstrained(f"constraints.yaml speaks of what values.yaml has not: {', '.join(sorted(unused))}")
    root = _group(values, given)
    root["properties"]["settings"] = settings.schema()
    # A component may have what all pods have, for itself.
    shared = {
        name: {"$ref": f"#/properties/pods/properties/{name}"} for name in root["properties"]["pods"]["properties"]
    }
    for component in COMPONENTS:
        root["properties"][component]["properties"] |= shared | {"image": {"$ref": "#/definitions/componentImage"}}
    root["properties"]["global"] = {"type": "object", "description": "For charts that this one is a part of."}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart leadflow"}
    return json.dumps(head | root | {"definitions": constraints["definitions"]}, indent=1, ensure_ascii=False) + "\n"


def _group(group: Group, given: dict[str, Json]) -> Json:
    properties = {
        member.path[-1]: _group(member, given) if isinstance(member, Group) else _value(member, given)
        for member in group.members
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _value(value: Value, given: dict[str, Json]) -> Json:
    constraint = given.get(_dotted(value), given.get(_pattern(value.path)))
    kind = _KINDS[type(value.default)]
    if kind in {"array", "object"} and constraint is None:
        raise Unconstrained(f"{_dotted(value)} is an {kind}: say in constraints.yaml what may be in it")
    told: Json = {"description": value.description}
    if constraint is not None and "$ref" in constraint:
        return told | {"allOf": [constraint]}  # in draft 7 nothing else counts beside a $ref
    return told | {"type": kind} | (constraint or {})


def _dotted(value: Value) -> str:
    return ".".join(value.path)


def _pattern(path: tuple[str, ...]) -> str:
    """Return the path with the component, or whichever group it is in, left open."""
    return ".".join(("*", *path[1:]))
