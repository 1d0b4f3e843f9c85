"""What workers share must be what each would have made."""

from pathlib import Path

import pytest
from chart.render import RefusedError
from chart.shared import Shelf


def test_a_text_is_made_once_and_read_by_all(tmp_path: Path) -> None:
    """Two workers with one folder: the second one reads; another name is another text."""
    one, other = Shelf(), Shelf()
    one.folder = other.folder = tmp_path / "rendered"
    assert one.text("a", lambda: "first") == "first"
    assert other.text("a", lambda: "second") == "first"
    assert other.text("b", lambda: "second") == "second"


def test_a_refusal_is_heard_by_each_who_asks(tmp_path: Path) -> None:
    """Nothing is left behind that would pass for a text."""
    shelf = Shelf()
    shelf.folder = tmp_path / "rendered"

    def refused() -> str:
        raise RefusedError("no")

    for _ in range(2):
        with pytest.raises(RefusedError):
            shelf.text("a", refused)
