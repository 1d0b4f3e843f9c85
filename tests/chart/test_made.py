"""What `make chart` makes of values.yaml: nothing undescribed, nothing unbounded, and what is committed is current."""

from pathlib import Path

import pytest
from chart.render import CHART
from tools.chart.__main__ import made
from tools.chart.schema import Unconstrained, schema_json
from tools.chart.table import values_table
from tools.chart.values import MARK, Group, Undescribed, read


def _values(folder: Path, text: str) -> Group:
    path = folder / "values.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_what_is_committed_is_what_is_made() -> None:
    """Whoever adds a setting, a topic or a value runs `make chart`."""
    assert [name for name, make in made().items() if make() != (CHART / name).read_text(encoding="utf-8")] == []


def test_a_value_without_a_word_is_refused(tmp_path: Path) -> None:
    """By its whole path; a comment of another kind does not count."""
    with pytest.raises(Undescribed, match=r"observer\.service\.port"):
        _values(tmp_path, "observer:\n  service:\n    # the port\n    port: 8080\n")


def test_a_list_that_may_hold_anything_is_refused(tmp_path: Path) -> None:
    """Somebody has to say what may be in it."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    with pytest.raises(Unconstrained, match="hosts is an array"):
        schema_json(_values(tmp_path, f"{text}\n{MARK}Names.\nhosts: []\n"))


def test_a_constraint_of_nothing_is_refused(tmp_path: Path) -> None:
    """A value that was renamed takes its constraint with it."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8").replace("\n  partitions: 4\n", "\n  parts: 4\n")
    with pytest.raises(Unconstrained, match=r"what values\.yaml has not: kafka\.partitions"):
        schema_json(_values(tmp_path, text))


def test_the_table_shows_values_as_one_would_write_them(tmp_path: Path) -> None:
    """A mapping that is one value is one row; an empty default stays empty."""
    text = (
        f"labels:\n  {MARK}Of pods.\n  pods: {{a: b}}\n  {MARK}Whether | why.\n  on: true\n  {MARK}Name.\n  name: ''\n"
    )
    assert values_table(_values(tmp_path, text)).splitlines()[2:] == [
        '| `labels.pods` | `{"a": "b"}` | Of pods. |',
        "| `labels.on` | `true` | Whether &#124; why. |",
        "| `labels.name` |  | Name. |",
    ]
