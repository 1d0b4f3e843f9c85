"""values.yaml, read with what its comments say."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MARK = "# -- "


class Undescribed(Exception):
    """A value that no comment describes."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: where it stands, what it is when nobody sets it, what the comment above it says."""

    path: tuple[str, ...]
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class Group:
    """A mapping that only holds others."""

    path: tuple[str, ...]
    members: tuple["Group | Value", ...]

    def values(self) -> Iterator[Value]:
        """Every value below, in order."""
        for member in self.members:
            if isinstance(member, Value):
                yield member
            else:
                yield from member.values()


def read(path: Path) -> Group:
    """Read a values file. Raises Undescribed, naming the value."""
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise Undescribed(f"{path} holds no values")
    return _group(root, (), text.splitlines())


def _group(node: yaml.MappingNode, path: tuple[str, ...], lines: list[str]) -> Group:
    return Group(path, tuple(_member(key, value, (*path, key.value), lines) for key, value in node.value))


def _member(key: yaml.Node, node: yaml.Node, path: tuple[str, ...], lines: list[str]) -> Group | Value:
    description = _description(key, lines)
    if isinstance(node, yaml.MappingNode) and node.value and (not description or _describes_members(node, lines)):
        return _group(node, path, lines)
    if not description:
        raise Undescribed(f"{'.'.join(path)} has no line `{MARK}…` above it")
    return Value(path, yaml.safe_load(yaml.serialize(node)), description)


def _describes_members(node: yaml.MappingNode, lines: list[str]) -> bool:
    return any(_description(key, lines) for key, _ in node.value)


def _description(key: yaml.Node, lines: list[str]) -> str:
    """Return what the line above a key says of it; a key inside `{…}` has no line of its own."""
    line, column = key.start_mark.line, key.start_mark.column
    if line == 0 or lines[line][:column].strip():
        return ""
    above = lines[line - 1].strip()
    return above.removeprefix(MARK) if above.startswith(MARK) else ""
