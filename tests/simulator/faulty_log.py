"""The log as one worker sees it: partitions come and go, commits fail before or after they took effect."""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from simulator.faults import Faults
from simulator.schedule import Schedule

from leadflow.adapters.log_memory import MemoryAssignment, MemoryLog
from leadflow.ports import Emit, Record

if TYPE_CHECKING:
    from simulator.broker import Broker
    from simulator.worker import Worker


class FaultyAssignment:
    """`ports.Assignment`: one partition as one worker owns it."""

    def __init__(self, inner: MemoryAssignment, member: "Membership") -> None:
        self.inner = inner
        self._member = member
        self.topic, self.partition = inner.topic, inner.partition
        self._kept = inner._log.partition((inner.topic, inner.partition))

    @property
    def position(self) -> int:
        """See `ports.Assignment`."""
        return self.inner.position

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """See `ports.Assignment`. Batches are as small as chance and the scenario want them."""
        member = self._member
        await self._gate("fetch", wait)
        member.faults.refuse(member.worker, "fetch")
        limit = member.schedule.random.randint(1, min(max_records, member.broker.batch))
        return await self.inner.fetch(limit, 0)

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:
        """See `ports.Assignment`."""
        await self._gate(f"commit {next_offset} with {len(emits)}", 0)
        self._member.faults.refuse(self._member.worker, "commit, nothing done")
        await self.inner.commit(next_offset, emits)
        self._member.faults.refuse(self._member.worker, "commit, all done")

    def seek(self, offset: int) -> None:
        """See `ports.Assignment`."""
        self.inner.seek(offset)

    async def _gate(self, what: str, wait: float) -> None:
        text, tick = f"{self.topic}[{self.partition}] {what}", self._member.broker.ticks
        ready = (lambda: self._has_news() or self._member.broker.ticks != tick) if wait else None
        await self._member.schedule.pass_gate(self._member.worker, text, ready)

    def _has_news(self) -> bool:
        """Whether a waiting fetch would return: records, or the end of its worker."""
        return self.inner._position < self._kept.end or self._member.worker.stop.is_set()


class Membership:
    """One hop of one worker as a member of its group: yields assignments as they come."""

    def __init__(self, broker: "Broker", worker: "Worker", group: str, topic: str) -> None:
        self.broker = broker
        self.worker = worker
        self.group, self.topic = group, topic
        self.schedule: Schedule = broker.schedule
        self.faults: Faults = broker.faults
        self._given: deque[FaultyAssignment] = deque()
        self._news = asyncio.Event()

    def give(self, assignment: FaultyAssignment) -> None:
        """Hand a partition over."""
        self._given.append(assignment)
        self._news.set()

    async def __aenter__(self) -> Self:
        await self.schedule.pass_gate(self.worker, f"join {self.group} {self.topic}")
        self.faults.refuse(self.worker, "join")
        self.broker.join(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.worker.dead:  # a crash says goodbye to nobody
            self.broker.leave(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FaultyAssignment:
        while not self._given:
            self._news.clear()
            await self._news.wait()
        return self._given.popleft()


class FaultyLog:
    """`ports.Log` over a shared `MemoryLog` and its broker."""

    def __init__(self, log: MemoryLog, broker: "Broker", worker: "Worker") -> None:
        self._log = log
        self._broker = broker
        self._worker = worker
        self.partitions = log.partitions
        self.partition_for = log.partition_for
        self.read = log.read
        self.bounds = log.bounds
        self.committed = log.committed
        self.wait = log.wait

    async def append(self, emits: Sequence[Emit]) -> None:
        """See `ports.Log`."""
        broker = self._broker
        await broker.schedule.pass_gate(self._worker, f"append {len(emits)}")
        broker.faults.refuse(self._worker, "append, nothing done")
        await self._log.append(emits)
        broker.faults.refuse(self._worker, "append, all done")

    def consume(self, group: str, topic: str) -> Membership:
        """See `ports.Log`."""
        return Membership(self._broker, self._worker, group, topic)
