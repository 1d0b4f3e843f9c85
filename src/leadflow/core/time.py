"""Instants as integers: milliseconds since 1970-01-01T00:00Z, so that no arithmetic ever rounds."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000  # in a millisecond


def to_rfc3339(instant: int) -> str:
    """Write milliseconds since the epoch as RFC 3339 in UTC, e.g. ``2026-11-21T18:33:16.947Z``."""
    second, millisecond = divmod(instant, SECOND)
    return f"{_to_second(second)}.{millisecond:03d}Z"


@lru_cache(maxsize=4_096)  # what is written together has mostly happened within seconds
def _to_second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat().removesuffix("+00:00")


def from_datetime(moment: datetime) -> int:
    """Turn a datetime into milliseconds since the epoch; one without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH  # its parts are normal: only the days are ever negative, so the division is a floor
    return since.days * DAY + since.seconds * SECOND + since.microseconds // _MICROSECONDS


def from_rfc3339(text: str) -> int:
    """Read an ISO 8601 / RFC 3339 instant; ValueError names the text that is none."""
    try:
        return from_datetime(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is not an RFC 3339 time") from error


def hour_of(instant: int) -> int:
    """The number of the UTC hour (hours since the epoch) that an instant falls into."""
    return instant // HOUR
