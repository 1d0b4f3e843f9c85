"""How far hops are behind, in records and in seconds, for metrics, alerts and the intake that shares their process."""

from collections.abc import Sequence

import structlog

from leadflow.pipeline.backlog import Backlog
from leadflow.pipeline.hop import Hop, Surroundings, rest
from leadflow.ports import Unavailable

_AGES_EVERY = 5  # rounds: an age takes a record to be read

logger = structlog.get_logger(__name__)


async def measure_lag(hops: Sequence[Hop], around: Surroundings, backlog: Backlog, every: float = 1.0) -> None:
    """Keep the gauges and the backlog true until `stop`: records between committed offsets and partitions' ends.

    The age of the oldest of them is looked at in every fifth round. `every`: seconds between rounds.
    """
    number = 0
    while not around.stop.is_set():
        try:
            backlog.records = sum([await _lag(hop, around, ages=number % _AGES_EVERY == 0) for hop in hops])
        except Unavailable as error:
            logger.warning("lag_unknown", error=str(error))
        number += 1
        await rest(every, around.stop)


async def _lag(hop: Hop, around: Surroundings, *, ages: bool) -> int:
    """Measure how many records a hop has not committed yet."""
    bounds = await around.log.bounds(hop.topic)
    committed = await around.log.committed(hop.group, hop.topic)
    behind = 0
    for partition, ((begin, end), offset) in enumerate(zip(bounds, committed, strict=True)):
        following = begin if offset is None else offset
        lag = end - following
        behind += lag
        hop.metrics.lag.labels(str(partition)).set(lag)
        if ages or not lag:
            seconds = await _age(hop, around, partition, following) if lag else 0.0
            hop.metrics.lag_seconds.labels(str(partition)).set(seconds)
    return behind


async def _age(hop: Hop, around: Surroundings, partition: int, offset: int) -> float:
    """Return for how many seconds the log has held the record at `offset`, or the next one that there is."""
    records = await around.log.read(hop.topic, partition, offset, 1)
    return max(0, around.clock.now() - records[0].timestamp) / 1_000 if records else 0.0
