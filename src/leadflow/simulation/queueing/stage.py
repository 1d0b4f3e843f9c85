"""One service as queues: each partition is taken in batches, and the partitions of a worker share its one core.

As the hops work: what waits in a partition is taken as one batch, costs CPU for itself and for each record, and is out
when its commit has ended; only then is the next batch of this partition taken. Commits of different partitions overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from random import Random

from leadflow.simulation.queueing.group import Group, Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Times in seconds. `varied`: service times are exponential with that mean, instead of all alike."""

    name: str
    partitions: int
    workers: int
    record_s: float
    batch_s: float = 0.0
    commit_s: float = 0.0
    most: int = 2_000
    varied: bool = False


def serve(stage: Stage, arrivals: Sequence[float], rng: Random, loss: Loss | None = None) -> list[float]:
    """Return when each of the arrivals (in order of time) is out, in their order."""
    group = Group(workers=stage.workers, loss=loss)
    queues: list[list[int]] = [[] for _ in range(stage.partitions)]
    for number in range(len(arrivals)):
        queues[rng.randrange(stage.partitions)].append(number)
    out = [0.0] * len(arrivals)
    taken = [0] * stage.partitions
    cores = [0.0] * stage.workers
    ready = [(arrivals[queue[0]], partition) for partition, queue in enumerate(queues) if queue]
    heapify(ready)
    while ready:
        now, partition = heappop(ready)
        worker, serves = group.owner(partition, now)
        if serves > now:
            heappush(ready, (serves, partition))
            continue
        began = max(now, cores[worker])
        batch = _waiting(queues[partition], taken[partition], arrivals, began, stage.most)
        worked = began + _cost(stage, len(batch), rng)
        ends = worked + stage.commit_s
        if group.interrupted(worker, began, ends):
            heappush(ready, (loss.at if loss else ends, partition))
            continue
        cores[worker] = worked
        for number in batch:
            out[number] = ends
        taken[partition] += len(batch)
        if taken[partition] < len(queues[partition]):
            heappush(ready, (max(ends, arrivals[queues[partition][taken[partition]]]), partition))
    return out


def _waiting(queue: Sequence[int], first: int, arrivals: Sequence[float], now: float, most: int) -> Sequence[int]:
    """Return what has come to a partition by now and was not taken, one batch at most."""
    last = first
    while last < len(queue) and last - first < most and arrivals[queue[last]] <= now:
        last += 1
    return queue[first:last]


def _cost(stage: Stage, records: int, rng: Random) -> float:
    mean = stage.batch_s + records * stage.record_s
    return rng.expovariate(1 / mean) if stage.varied else mean
