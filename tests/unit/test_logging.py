"""What a log line must never hold."""

import io
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from leadflow.runtime.logging import configure
from leadflow.runtime.settings import Settings


@pytest.fixture
def as_before() -> Iterator[None]:
    """Take logging back to what it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_variables(monkeypatch: pytest.MonkeyPatch, form: Literal["json", "console"]) -> None:
    """An error is told with its place in the code, never with the person that was being worked on."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure(Settings(log_format=form))
    email = "lan" + "@" + "acme.test"
    try:
        assert len(email) / 0
    except ZeroDivisionError:
        structlog.get_logger("test").exception("failed")
    assert "ZeroDivisionError" in written.getvalue()
    assert "lan@acme.test" not in written.getvalue()
