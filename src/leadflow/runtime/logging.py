"""Logs: structlog for everything, the libraries' included. JSON in services, coloured on a terminal, on stderr.

No personal data: messages carry ids, hashes, codes and counts. A last guard hides fields whose names say otherwise.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from leadflow.runtime.settings import Settings

HIDDEN = "(hidden)"
_PERSONAL = frozenset(
    {
        "address", "admin_token", "anonymous_id", "authorization", "body", "device_id", "email", "hash_secret", "ip",
        "name", "phone", "traits", "user_id", "value", "write_key", "write_keys",
    }
)  # fmt: skip
_LIBRARIES = {
    **dict.fromkeys(
        ("uvicorn", "uvicorn.error", "asyncio", "sse_starlette", "httpx", "httpcore", "urllib3"), logging.WARNING
    ),
    "aiokafka": logging.WARNING,
    "aiokafka.producer.sender": logging.ERROR,  # warns of every retry, and a new transaction's first write is one
}
_REPEATING = ("aiokafka", "opentelemetry")
_AGAIN_SECONDS = 10.0


class Seldom(logging.Filter):
    """Let through what a library repeats only once in a while: a broker that is away is thousands of lines."""

    def __init__(self, prefix: str, seconds: float = _AGAIN_SECONDS) -> None:
        """`prefix`: of the loggers that are meant."""
        super().__init__()
        self._prefix = prefix
        self._seconds = seconds
        self._last: dict[tuple[str, str], float] = {}  # by the words before their values are put in: a small set

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is to be logged."""
        if not record.name.startswith(self._prefix):
            return True
        words = (record.name, str(record.msg))
        if record.created - self._last.get(words, -self._seconds) < self._seconds:
            return False
        self._last[words] = record.created
        return True


def hide_personal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put `(hidden)` in the place of every field that names something personal or secret."""
    for name in _PERSONAL & event.keys():
        event[name] = HIDDEN
    return event


def configure(settings: Settings) -> None:
    """Set logging up for this process."""
    colours = sys.stderr.isatty()
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not colours)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_personal,
    ]
    render: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        # Plain tracebacks: the pretty ones print local variables, which hold personal data.
        else [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # tests configure more than once; hot paths do not log
    )
    handler = logging.StreamHandler(sys.stderr)
    for repeating in _REPEATING:
        handler.addFilter(Seldom(repeating))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # The libraries tell of every connection and shutdown step; ours say what matters.
    for noisy, level in _LIBRARIES.items():
        library = logging.getLogger(noisy)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(level)
