"""What the tests of faults share."""

from typing import NoReturn

import pytest
import structlog
from pipeline.small_story import POISON

from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.touchpoint import Signal
from leadflow.pipeline import hop
from leadflow.pipeline.scoring import lead, run
from leadflow.pipeline.scoring import poison as poisonous
from leadflow.pipeline.scoring.counting import signal_of


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hops that neither pause before they try again nor complain of it."""

    async def no_rest(*_: object) -> None:
        """Go on at once."""

    silent = structlog.wrap_logger(None, processors=[_drop])
    monkeypatch.setattr(hop, "rest", no_rest)
    monkeypatch.setattr(hop, "logger", silent)
    monkeypatch.setattr(poisonous, "logger", silent)


def _drop(*_: object) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scoring with a defect: marked touchpoints make it raise."""

    def read(touchpoint: Touchpoint, contacts: tuple[tuple[str, str], ...]) -> Signal:
        if POISON.encode() in bytes(touchpoint.body):
            raise ZeroDivisionError
        return signal_of(touchpoint, contacts)

    for module in (lead, run):
        monkeypatch.setattr(module, "signal_of", read)
