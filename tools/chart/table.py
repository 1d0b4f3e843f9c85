"""The tables of the chart's README."""

import json

from tools.chart.settings import places_table
from tools.chart.values import Group, Value

_LONGEST = 60
_MARKS = {
    "values": ("<!-- values: made by `make chart` -->", "<!-- end of values -->"),
    "places": ("<!-- places: made by `make chart` -->", "<!-- end of places -->"),
}


def renewed(readme: str, values: Group) -> str:
    """Return the README with its tables as they should be. ValueError if a mark is gone."""
    tables = {"values": values_table(values), "places": places_table()}
    for name, (begin, end) in _MARKS.items():
        before, found, rest = readme.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the README has lost its marks {begin!r} and {end!r}")
        readme = f"{before}{begin}\n{tables[name]}\n{end}{after}"
    return readme


def values_table(values: Group) -> str:
    """Return every value with its default and meaning, in Markdown."""
    rows = [
        f"| `{'.'.join(value.path)}` | {_default(value)} | {value.description.replace('|', '&#124;')} |"
        for value in values.values()
    ]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])


def _default(value: Value) -> str:
    """Write a default as one would give it; what is too long stands in values.yaml."""
    if value.default in ("", [], {}):
        return ""
    text = json.dumps(value.default, ensure_ascii=False) if isinstance(value.default, (list, dict)) else None
    if text is None:
        text = str(value.default).lower() if isinstance(value.default, bool) else str(value.default)
    return f"`{text}`" if len(text) <= _LONGEST else "see values.yaml"
