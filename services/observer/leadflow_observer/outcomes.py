"""From what became of a request to its answer, counted."""

import structlog

from leadflow import metrics
from leadflow.pipeline.ingest.refusal import Refusal, try_later
from leadflow_observer.answers import PIXEL, SUCCESS, Answer, refuse
from leadflow_observer.routes import ROUTES, Route

_FIRST_TEMPORARY = 500

_logger = structlog.get_logger(__name__)


def answer_to(route: Route, refusal: Refusal | None) -> Answer:
    """Answer a call. None: its events are durable."""
    if refusal is not None:
        metrics.OBSERVER_REJECTED.add(1, refusal.code)
    if route.pixel and (refusal is None or not _temporary(refusal)):
        return PIXEL  # a picture in a mail must not turn into a broken one because of what is behind it
    return SUCCESS if refusal is None else refuse(refusal)


def failed(route: Route, error: Exception) -> Refusal:
    """Refuse after a mistake of ours: one request harms itself alone, and the sender keeps its events."""
    # The error's text may quote the event: its kind is all that a log may hold.
    _logger.error("observer_failed", path=route.path, error=type(error).__name__)
    return try_later(503, "internal_error", "this could not be handled now: send it again")


def show_what_may_come() -> None:
    """Show at 0 what the alerts of ingestion watch: the first step of a series that begins with it is not seen."""
    for route in ROUTES.values():
        for status in ("200", "503"):
            metrics.OBSERVER_REQUESTS.add(0, route.path, status)
    for code in ("overloaded", "behind", "ack_timeout"):
        metrics.OBSERVER_REJECTED.add(0, code)


def _temporary(refusal: Refusal) -> bool:
    return refusal.status >= _FIRST_TEMPORARY or refusal.retry_after is not None
