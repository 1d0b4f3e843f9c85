"""A CustomResourceDefinition's schema as JSON Schema: what the API server would prune or refuse, fails here."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

# What an operator writes, and what only people or CEL read. Rules of CEL are therefore not checked.
_LEFT_OUT = {"description", "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}
_LEFT_OUT |= {"x-kubernetes-map-type", "default", "example", "externalDocs", "title", "format"}
_NESTED = ("items", "additionalProperties", "not")
_CHOICES = ("allOf", "anyOf", "oneOf")


def resources(definition: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield (apiVersion, kind, JSON Schema) for each version that the definition serves."""
    spec = definition["spec"]
    for version in spec["versions"]:
        if version["served"]:
            schema = version["schema"]["openAPIV3Schema"]
            schema["properties"].pop("status", None)  # the operator's to write: a chart that has one is wrong
            yield f"{spec['group']}/{version['name']}", spec["names"]["kind"], strict(schema)


def strict(schema: Json) -> Json:
    """Return an OpenAPI v3 structural schema as JSON Schema that knows no field but those it names."""
    kept = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
    if kept.pop("x-kubernetes-int-or-string", False):
        return {"type": ["integer", "string"]} | ({"pattern": kept["pattern"]} if "pattern" in kept else {})
    if kept.get("pattern", "").startswith("^(?i)"):  # RE2 takes a flag here, Python only at the start
        kept["pattern"] = "(?i)^" + kept["pattern"].removeprefix("^(?i)")
    open_ended = kept.pop("x-kubernetes-preserve-unknown-fields", False)
    if "properties" in kept:
        kept["properties"] = {name: strict(inner) for name, inner in kept["properties"].items()}
        if kept.get("type") == "object" and not open_ended:
            kept.setdefault("additionalProperties", False)
    for key in _NESTED:
        if isinstance(kept.get(key), dict):
            kept[key] = strict(kept[key])
    for key in _CHOICES:
        if key in kept:
            kept[key] = [strict(inner) for inner in kept[key]]
    if kept.pop("nullable", False) and "type" in kept:
        kept["type"] = [kept["type"], "null"]
    return kept
