"""Find an accepted touchpoint that no processor has read yet, so that a receipt is there at once."""

import msgspec

from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.ports import Log, Record
from leadflow_admin_api.settings import Pending

_FURTHEST = 2_000  # records per partition: a look-up stays cheap however far the processor is behind
_CHUNK = 500


def pending_in(log: Log, group: str) -> Pending:
    """Look through what `group`, the processor, has not committed yet, the oldest first and within bounds."""

    async def pending(source: str, message_id: str) -> int | None:
        bounds = await log.bounds(TOUCHPOINTS)
        committed = await log.committed(group, TOUCHPOINTS)
        for partition, ((oldest, end), done) in enumerate(zip(bounds, committed, strict=True)):
            start = max(oldest, done if done is not None else oldest)
            received_at = await _search(log, partition, start, min(end, start + _FURTHEST), (source, message_id))
            if received_at is not None:
                return received_at
        return None

    return pending


async def _search(log: Log, partition: int, start: int, end: int, named: tuple[str, str]) -> int | None:
    needle = msgspec.json.encode(named[1])[1:-1]  # as it stands in the record, escapes included
    while start < end:
        records = await log.read(TOUCHPOINTS, partition, start, min(_CHUNK, end - start))
        if not records:
            return None
        for record in records:
            touchpoint = _decoded(record, needle)
            if touchpoint and (touchpoint.source, touchpoint.message_id) == named:
                return touchpoint.received_at
        start = records[-1].offset + 1
    return None


def _decoded(record: Record, needle: bytes) -> Touchpoint | None:
    # Most records are another's: a search for the bytes is far cheaper than decoding.
    if record.value is None or needle not in record.value:
        return None
    try:
        return msgspec.json.decode(record.value, type=Touchpoint)
    except msgspec.DecodeError:
        return None
