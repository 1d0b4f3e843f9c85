"""The pipe without a task: a lone event goes to the log at once, and its sender is told when the log has confirmed."""

import time
from collections.abc import Callable
from typing import final

from leadflow import metrics
from leadflow.pipeline.ingest.deadline import Patience
from leadflow.pipeline.ingest.parcel import Parcel
from leadflow.pipeline.ingest.pipe import Ingest, Intake, count, not_written
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.ports import Enlisting, Unavailable

Sender = Callable[[Refusal | Exception | None], None]
"""Learns what `Ingest.accept` would have returned or raised."""


class PromptIngest:
    """Does what `Ingest.accept` does, for requests that hold one event."""

    def __init__(self, ingest: Ingest, log: Enlisting) -> None:
        """`log`: the one that `ingest` appends to."""
        self._examine = ingest.examine_lone
        self._enlist = log.enlist
        self._patience = Patience(ingest.settings.ack_timeout, _Unconfirmed.be_late)

    def accept(self, parcel: Parcel, sender: Sender) -> Refusal | None:
        """Take an event in. None: the sender is told later, once; it is not if this refuses or raises."""
        intake = self._examine(parcel)
        if type(intake) is Refusal:
            return intake
        wait = _Unconfirmed(intake, sender, self._patience)
        try:
            self._enlist(intake.emits, wait.settle)
        except Unavailable as error:
            return not_written(error)
        self._patience.begin(wait)
        return None


@final
class _Unconfirmed:
    """An event that the log has been given."""

    __slots__ = ("_began", "_intake", "_patience", "_sender")

    def __init__(self, intake: Intake, sender: Sender, patience: "Patience[_Unconfirmed]") -> None:
        self._intake = intake
        self._sender: Sender | None = sender  # None: has been told
        self._patience = patience
        self._began = time.perf_counter()

    def settle(self, error: Exception | None) -> None:
        """Tell what the log says; too late, and nobody listens any more."""
        sender = self._sender
        if sender is None:
            return
        self._sender = None
        self._patience.end(self)
        if error is None:
            metrics.OBSERVER_ACK_SECONDS.observe(time.perf_counter() - self._began)
            count(self._intake)
            sender(None)
        else:
            sender(not_written(error) if isinstance(error, Unavailable) else error)

    def be_late(self) -> None:
        """Wait no longer."""
        sender = self._sender
        if sender is not None:
            self._sender = None
            self._patience.end(self)
            sender(not_written(TimeoutError()))
