"""Who owns a partition when: a group of workers that share partitions, and loses one of them for a while."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The first worker dies `at` an instant.

    After `noticed_s` its group notices and shares its partitions anew, which stops all of them for `rebalance_s`; it is
    back after `back_s`, and they share once more.
    """

    at: float
    noticed_s: float
    rebalance_s: float
    back_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`workers` that share partitions in turn; `loss` None: all of them live."""

    workers: int
    loss: Loss | None = None

    def owner(self, partition: int, now: float) -> tuple[int, float]:
        """Return the worker of a partition, and the instant from which it serves: `now`, or when a pause ends."""
        worker = partition % self.workers
        loss = self.loss
        if loss is None or now < loss.at:
            return worker, now
        shared = loss.at + loss.noticed_s + loss.rebalance_s
        back = loss.at + loss.back_s + loss.rebalance_s
        if now >= back:
            return worker, now
        if now >= loss.at + loss.back_s or self.workers == 1:
            return worker, back
        if now >= shared:
            return 1 + partition % (self.workers - 1), now
        if now >= loss.at + loss.noticed_s or worker == 0:
            return worker, shared
        return worker, now

    def interrupted(self, worker: int, began: float, ends: float) -> bool:
        """Whether the loss falls into this work of the worker that dies: nothing of it is kept."""
        return self.loss is not None and worker == 0 and began < self.loss.at < ends
