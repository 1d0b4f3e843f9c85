"""Whether one JSON Schema may follow another. The rules and their reasons are in docs/contracts.md.

`backward`: new readers read old records, which stay in the log for days. `forward`: old readers read new records; this
is what subscribers whom we cannot upgrade rely on. Only the keywords that the generated schemas use are understood.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Seen = tuple[tuple[int, int], ...]

_CONSTRAINTS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "maxItems",
    "minProperties",
    "maxProperties",
)
_ANY = "anything"


@dataclass(frozen=True, slots=True)
class Break:
    """A change that readers of one side would stumble over: where, and what it is."""

    path: str
    what: str

    def __str__(self) -> str:
        """Write it as a line."""
        return f"{self.path}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Side:
    """One document: resolves its own references."""

    document: Schema

    def resolve(self, node: Schema) -> Schema:
        """Follow a reference into `$defs`."""
        while "$ref" in node:
            node = self.document["$defs"][node["$ref"].removeprefix("#/$defs/")]
        return node

    def alternatives(self, node: Schema) -> dict[str, Schema]:
        """Return what a value may be: by JSON type, tagged objects by their tag, too; `anything` if unbounded."""
        node = self.resolve(node)
        if "anyOf" in node:
            return {kind: found for choice in node["anyOf"] for kind, found in self.alternatives(choice).items()}
        if "enum" in node or "const" in node:
            values = node.get("enum", [node.get("const")])
            return {
                _type_of(value): {"enum": [v for v in values if _type_of(v) == _type_of(value)]} for value in values
            }
        kinds = node.get("type", _ANY)
        if kinds == "object" and (tag := _tag(node)):
            return {f"object {tag}": node}
        return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, node)


def _type_of(value: object) -> str:
    """Name the JSON type of an enumerated value."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    return names[type(value)]


def _tag(node: Schema) -> str | None:
    """Return the constant that tells a tagged object from its siblings."""
    for name in ("kind", "type"):
        values = node.get("properties", {}).get(name, {}).get("enum", ())
        if len(values) == 1:
            return str(values[0])
    return None


def breaks(old: Schema, new: Schema, *, forward: bool) -> list[Break]:
    """List every incompatible change from `old` to `new`. Backward is always asked for, `forward` for public topics."""
    comparison = _Comparison(_Side(old), _Side(new), forward)
    return list(comparison.nodes(old, new, "$", ()))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Walks both schemas at once."""

    old: _Side
    new: _Side
    forward: bool

    def nodes(self, old: Schema, new: Schema, path: str, seen: Seen) -> Iterator[Break]:
        """Compare what a value may be on both sides."""
        before, after = self.old.alternatives(old), self.new.alternatives(new)
        if _ANY not in after:
            yield from (Break(path, f"may not be {k} any more") for k in before if not _covers(after, k))
        if self.forward and _ANY not in before:
            yield from (Break(path, f"may now be {k}, too") for k in after if not _covers(before, k))
        for kind in sorted(before.keys() & after.keys()):
            yield from self._same_kind(before[kind], after[kind], path, seen)

    def _same_kind(self, old: Schema, new: Schema, path: str, seen: Seen) -> Iterator[Break]:
        """Compare two schemas of one JSON type."""
        if (id(old), id(new)) in seen:
            return  # a recursive type: this pair is being compared already
        seen = (*seen, (id(old), id(new)))
        yield from self._values(old, new, path)
        for word in _CONSTRAINTS:
            if old.get(word) != new.get(word):
                yield Break(path, f"{word} changed from {old.get(word)} to {new.get(word)}")
        yield from self._properties(old, new, path, seen)
        for word, place in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(old.get(word), Mapping) and isinstance(new.get(word), Mapping):
                yield from self.nodes(old[word], new[word], path + place, seen)
        yield from self._positions(old, new, path, seen)

    def _values(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        """Compare enumerations."""
        if "enum" in new:
            gone = [value for value in old.get("enum", ["any value"]) if value not in new["enum"]]
            yield from (Break(path, f"may not be {value!r} any more") for value in gone)
        if self.forward and "enum" in old:
            added = [value for value in new.get("enum", ["any value"]) if value not in old["enum"]]
            yield from (Break(path, f"may now be {value!r}, too") for value in added)

    def _properties(self, old: Schema, new: Schema, path: str, seen: Seen) -> Iterator[Break]:
        """Compare objects with named properties."""
        before, after = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(before.keys() - after.keys()):
            yield Break(f"{path}.{name}", "was removed or renamed")
        for name in sorted(required_after - required_before):
            yield Break(f"{path}.{name}", "is required now: records without it exist")
        if self.forward:
            for name in sorted((required_before - required_after) & after.keys()):
                yield Break(f"{path}.{name}", "may be absent now")
        for name in sorted(before.keys() & after.keys()):
            if before[name].get("default") != after[name].get("default"):
                yield Break(f"{path}.{name}", "has another default: old records that left it out change their meaning")
            yield from self.nodes(before[name], after[name], f"{path}.{name}", seen)

    def _positions(self, old: Schema, new: Schema, path: str, seen: Seen) -> Iterator[Break]:
        """Compare tuples, whose places have meanings."""
        before, after = old.get("prefixItems", ()), new.get("prefixItems", ())
        if len(after) < len(before):
            yield Break(path, f"has {len(after)} places instead of {len(before)}")
        if new.get("minItems", 0) > old.get("minItems", 0):
            yield Break(path, f"needs {new['minItems']} places now: records with {old.get('minItems', 0)} exist")
        if self.forward and len(after) > len(before) and old.get("items") is False:
            yield Break(path, f"has {len(after)} places instead of {len(before)}")
        for index, (left, right) in enumerate(zip(before, after, strict=False)):
            yield from self.nodes(left, right, f"{path}[{index}]", seen)


def _covers(kinds: Mapping[str, Schema], kind: str) -> bool:
    """Whether a value of `kind` fits one of `kinds`: a whole number is a number, too."""
    return kind in kinds or (kind == "integer" and "number" in kinds) or (kind == _ANY and _ANY in kinds)
