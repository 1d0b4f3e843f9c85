"""Defects for a real process: Python runs this at its start when this folder is on PYTHONPATH.

A touchpoint whose body holds `a-defect-shows` cannot be counted; one with `a-defect-burns` starts a loop without an
end; a merge cannot be applied while there is a file `links-break` in the working folder.
"""

import sys
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

from leadflow.pipeline.scoring import counting, lead

_signal_of, _link = counting.signal_of, lead._link


def _burn() -> None:
    while True:
        pass


def _breaking_signal_of(touchpoint: Any, contacts: Any) -> Any:
    body = bytes(touchpoint.body)
    if b"a-defect-shows" in body:
        raise ZeroDivisionError
    if b"a-defect-burns" in body:
        Thread(target=_burn, daemon=True).start()
    return _signal_of(touchpoint, contacts)


def _breaking_link(document: Any, position: int, record: Any, judge: Any) -> Any:
    if Path("links-break").exists():
        raise ZeroDivisionError
    return _link(document, position, record, judge)


lead._link = _breaking_link
for module in list(sys.modules.values()):  # each that has taken it by name
    if isinstance(module, ModuleType) and vars(module).get("signal_of") is _signal_of:
        vars(module)["signal_of"] = _breaking_signal_of
