"""When it happened: the client's clock, corrected by the moment of sending. Milliseconds since the epoch."""

import re
from typing import Any

from leadflow.core.time import SECOND, from_rfc3339

EARLIEST = 631_152_000_000  # 1990-01-01: a clock that says less was never set
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
_LATEST = 253_402_300_800_000  # the year 10000, where RFC 3339 ends
_SECOND_LENGTH = len("2026-11-21T18:33:16")
_TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_ENDS = {"Z": 0, **{f".{millisecond:03d}Z": millisecond for millisecond in range(SECOND)}}
_MOST_KNOWN = 4096  # seconds


def read_instant(value: Any) -> int | None:
    """Read an ISO 8601 text, or seconds or milliseconds since the epoch as a number; None: neither, or absurd."""
    if value is None:
        return None
    if isinstance(value, str):
        try:  # as JavaScript writes it, `2026-11-21T18:33:16.947Z`: the second is most often known already
            return _ENDS[value[_SECOND_LENGTH:]] + _SECONDS[value[:_SECOND_LENGTH]]
        except KeyError:
            return _read_text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value < _LATEST:  # nor is NaN
            return None
        instant = int(value if value >= _MILLISECONDS_FROM else value * SECOND)
    else:
        return None
    return instant if instant >= EARLIEST else None


def _read_text(text: str) -> int | None:
    """Read an ISO 8601 text of any spelling; None: it is none, or absurd."""
    try:
        instant = from_rfc3339(text)
    except ValueError:
        return None
    return instant if instant >= EARLIEST else None


class _Seconds(dict[str, int]):
    """Instants by their text up to the second, in UTC, as they were read lately. KeyError: absurd, or no such text."""

    def __missing__(self, text: str) -> int:
        """Read it."""
        second = _read_text(text + "Z") if _TO_THE_SECOND.fullmatch(text) else None
        if second is None:
            raise KeyError(text)
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[text] = second
        return second


_SECONDS = _Seconds()


def event_time(received_at: int, sent_at: int | None, client_at: int | None) -> int:
    """`received_at - (sent_at - client_at)`; without `sent_at` the client's time stands, without either `received_at`.

    Never after `received_at`; what comes out before 1990 is a broken clock: `received_at`.
    """
    if client_at is None:
        return received_at
    at = client_at if sent_at is None else received_at - (sent_at - client_at)
    return at if EARLIEST <= at <= received_at else received_at
