"""A YAML file as places that can be read, each of which knows its line; problems are gathered, not raised."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from leadflow.core.scoring.model import POINT
from leadflow.core.time import DAY, HOUR, MINUTE, SECOND

MAX_DEPTH = 12
MAX_POINTS = 1_000_000

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


class ModelError(ValueError):
    """A model file that cannot be used. Its message has a line per problem: `file:line: what, and what is allowed`."""


class Problems:
    """All that is wrong with one file, in the order of its lines."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._found: dict[tuple[int, str], None] = {}

    def add(self, line: int, text: str) -> None:
        """Note a problem; the same one on the same line once."""
        self._found[line, text] = None

    def error(self) -> ModelError:
        """All of them as one error."""
        return ModelError("\n".join(f"{self._origin}:{line}: {text}" for line, text in sorted(self._found)))

    def raise_any(self) -> None:
        """Raise ModelError if there was any problem."""
        if self._found:
            raise self.error()


class Place:
    """A node of the file, under the name that messages use. Readers return a harmless value where the node is wrong."""

    def __init__(self, node: yaml.Node, name: str, problems: Problems) -> None:
        self.node = node
        self.name = name
        self._problems = problems

    @property
    def line(self) -> int:
        """The line in the file, from 1."""
        return int(self.node.start_mark.line) + 1

    def wrong(self, text: str) -> None:
        """Note a problem here."""
        self._problems.add(self.line, f"{self.name}: {text}")

    def fields(self, required: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, "Place"]:
        """The places of a mapping with known keys; others and missing ones are problems."""
        fields = dict(self.pairs())
        allowed = (*required, *optional)
        for key, place in fields.items():
            if key not in allowed:
                place.wrong(f"{key!r} is not known here: {', '.join(allowed)} are")
        for key in required:
            if key not in fields:
                self.wrong(f"{key!r} is missing")
        return {key: place for key, place in fields.items() if key in allowed}

    def pairs(self) -> Iterator[tuple[str, "Place"]]:
        """The keys and places of a mapping; a key that comes twice is a problem."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("a mapping (key: value) is expected")
            return
        seen: set[str] = set()
        for key, value in self.node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            place = Place(value, f"{self.name}.{name}".removeprefix("."), self._problems)
            if name in seen:
                place.wrong("the key comes twice")
                continue
            seen.add(name)
            yield name, place

    def items(self) -> list["Place"]:
        """The places of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("a list is expected")
            return []
        return [Place(node, f"{self.name}[{index}]", self._problems) for index, node in enumerate(self.node.value)]

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            self.wrong("a text is expected")
            return ""
        return str(self.node.value).strip()

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(text for item in self.items() if (text := item.text()))

    def choice(self, allowed: Sequence[str]) -> str:
        """One of the allowed texts."""
        text = self.text()
        if text and text not in allowed:
            self.wrong(f"{text!r} is not allowed: {', '.join(allowed)} are")
        return text if text in allowed else allowed[0]

    def points(self) -> int:
        """A number of points with at most six decimals, as micro-points."""
        text = self.text()
        try:
            micro = Decimal(text) * POINT
        except InvalidOperation:
            micro = Decimal("NaN")
        if not micro.is_finite() or micro != micro.to_integral_value() or abs(micro) > MAX_POINTS * POINT:
            self.wrong(f"{text!r} is no number of points: up to {MAX_POINTS:,} with at most six decimals are allowed")
            return 0
        return int(micro)

    def count(self) -> int:
        """A whole number from 1 on."""
        text = self.text()
        if not (text.isascii() and text.isdecimal() and int(text[:9]) and len(text) <= len("999999999")):
            self.wrong(f"{text!r} is no count: whole numbers from 1 on are allowed")
            return 1
        return int(text)

    def duration(self) -> int:
        """A duration such as `14d`, `36h` or `45m`, in ms; longer than none."""
        text = self.text()
        number, unit = text[:-1], text[-1:]
        if not (number.isascii() and number.isdecimal()) or unit not in _UNITS or len(number) > len("99999"):
            self.wrong(f"{text!r} is no duration: write whole seconds, minutes, hours or days, such as 45m or 14d")
            return DAY
        if not int(number):
            self.wrong(f"{text!r} is no duration: it has to be longer than zero")
            return DAY
        return int(number) * _UNITS[unit]

    def plain(self, depth: int = 0) -> Any:
        """The content as lists, mappings and texts, whatever it means: what a version is the hash of."""
        if depth > MAX_DEPTH:
            self.wrong(f"nested deeper than {MAX_DEPTH} levels")
            return None
        if isinstance(self.node, yaml.MappingNode):
            return {key: place.plain(depth + 1) for key, place in self.pairs()}
        if isinstance(self.node, yaml.SequenceNode):
            return [place.plain(depth + 1) for place in self.items()]
        return self.node.value


def read_places(text: str, origin: str) -> tuple[Place, Problems]:
    """Parse a YAML file. Raises ModelError where it is none."""
    problems = Problems(origin)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problems.add(mark.line + 1 if mark is not None else 1, f"this is no YAML: {error.problem or error.context}")
    except (yaml.YAMLError, RecursionError) as error:
        problems.add(1, f"this is no YAML: {error}")
    else:
        if node is not None:
            return Place(node, "", problems), problems
        problems.add(1, "the file is empty: a model is expected")
    raise problems.error()
