"""How many events a write key may send: a bucket that fills by the second."""

import msgspec

from leadflow.core.time import SECOND

BURST_SECONDS = 2


class Bucket(msgspec.Struct, frozen=True):
    """What was left at an instant; less than nothing after a large batch."""

    left: float
    at: int


def take(bucket: Bucket | None, events: int, now: int, rate: float) -> tuple[Bucket, float | None]:
    """Take `events` at `rate` a second. Returns the bucket after it, and None or the seconds to wait.

    A full bucket lets a batch of any size pass, on credit: a batch above the burst would never pass otherwise.
    """
    full = rate * BURST_SECONDS
    passed = 0 if bucket is None else max(0, now - bucket.at)  # a clock set back gives nothing
    left = full if bucket is None else min(full, bucket.left + rate * passed / SECOND)
    if events <= left or left >= full:
        return Bucket(left - events, now), None
    return Bucket(left, now), (min(events, full) - left) / rate
