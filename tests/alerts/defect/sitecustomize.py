"""Defects for a real process: Python runs this at its start when this folder is on PYTHONPATH.

A touchpoint whose body holds `a-defect-shows` cannot be counted; one with `a-defect-burns` starts a loop without an
end; a merge cannot be applied while there is a file `links-break` in the working folder.
"""

from pathlib import Path
from threading import Thread
from typing import Any

from leadflow.pipeline.scoring import lead

_count, _link = lead._count, lead._link


def _breaking_count(document: Any, position: int, record: Any, judge: Any) -> Any:
    body = bytes(record.value.body)
    if b"a-defect-shows" in body:
        raise ZeroDivisionError
    if b"a-defect-burns" in body:
        Thread(target=_burn, daemon=True).start()
    return _count(document, position, record, judge)


def _burn() -> None:
    while True:
        pass


def _breaking_link(document: Any, position: int, record: Any, judge: Any) -> Any:
    if Path("links-break").exists():
        raise ZeroDivisionError
    return _link(document, position, record, judge)


lead._count, lead._link = _breaking_count, _breaking_link
