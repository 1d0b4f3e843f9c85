"""Defects of the code that a run is played with: touchpoints that nobody can process, control records that stop a lead.

They are no defects of the protocol: what they hit has to be put aside or to wait, and to come back once it is repaired.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from simulator.story import is_poison
from simulator.world import World, at_once

from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.contracts.resolved import Child, Link
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity import decide
from leadflow.core.identity.decide import News
from leadflow.core.touchpoint import Signal
from leadflow.pipeline.processor import arrival
from leadflow.pipeline.processor.senders import Senders
from leadflow.pipeline.scoring import lead, run
from leadflow.pipeline.scoring.counting import signal_of


@contextmanager
def ailments(world: World) -> Iterator[None]:
    """The pipeline with the defects of this run."""
    with ExitStack() as defects:
        for module in (lead, run):
            defects.enter_context(patch.object(module, "signal_of", _uncountable(signal_of)))
        defects.enter_context(patch.object(Senders, "of", _unreadable(Senders.of)))
        defects.enter_context(patch.object(arrival, "sight", _unsighted(arrival.sight)))
        defects.enter_context(patch.object(decide, "_refusals", _undecidable(world, decide._refusals)))
        for name in ("_link", "_child"):
            defects.enter_context(patch.object(lead, name, _stopping(world, getattr(lead, name))))
        yield


def _uncountable(read: Callable[..., Signal]) -> Callable[..., Signal]:
    def signal_or_raise(touchpoint: Touchpoint, contacts: tuple[tuple[str, str], ...]) -> Signal:
        if is_poison(bytes(touchpoint.body), "scoring"):
            raise ZeroDivisionError("simulated: nobody can count this")
        return read(touchpoint, contacts)

    return signal_or_raise


def _unreadable(read: Callable[..., Any]) -> Callable[..., Any]:
    def sender_or_raise(senders: Senders, touchpoint: Touchpoint) -> Any:
        if is_poison(bytes(touchpoint.body), "processor"):
            raise ZeroDivisionError("simulated: nobody can read this")
        return read(senders, touchpoint)

    return sender_or_raise


def _unsighted(sight: Callable[..., Any]) -> Callable[..., Any]:
    """What fails the short way is left to the ordinary one, which fails as well."""
    return lambda value, senders: None if is_poison(value, "processor") else sight(value, senders)


def _undecidable(world: World, refusals: Callable[..., Any]) -> Callable[..., Any]:
    """Fails when most of an item has been decided, so that there is something to undo."""

    def refusals_or_raise(grouping: Any, news: News, *others: Any) -> Any:
        (stored,) = at_once(world.store.get(TOUCHPOINTS, [news.touchpoint]))
        document = stored.value if stored is not None else None
        current = document is not None and document.pos == news.touchpoint_pos and document.value is not None
        if current and is_poison(bytes(document.value.body), "resolver"):  # type: ignore[union-attr]
            raise ZeroDivisionError("simulated: nobody can decide on this")
        return refusals(grouping, news, *others)

    return refusals_or_raise


def _stopping(world: World, change: Callable[..., Any]) -> Callable[..., Any]:
    """While the workers are sick, every third link and child's value cannot be applied, always the same ones."""

    def change_or_raise(document: Any, position: int, record: Link | Child, judge: Any) -> Any:
        cause = record.cause if isinstance(record, Link) else record.trigger.message_id
        if world.sick and sum(cause.encode()) % 3 == 0:
            raise ZeroDivisionError("simulated: this stops its lead")
        return change(document, position, record, judge)

    return change_or_raise
