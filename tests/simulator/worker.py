"""A worker: one process of a service, which can be killed, put to sleep and woken."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from simulator.schedule import Schedule

from leadflow.pipeline.hop import Hop, Surroundings, run_hop
from leadflow.ports import Fenced, Unavailable


class Worker:
    """Runs the hops of one service side by side; the first failure ends it, as it ends a process.

    `dead`: none of its calls gets through any more, not even those of its clean-up. `retired`: it lives until it
    notices that others have taken over; no fault makes it join again. `failure`: what it died of, other
    than having been fenced.
    """

    def __init__(self, name: str, role: str, schedule: Schedule) -> None:
        self.name = name
        self.role = role
        self.awake = True
        self.dead = False
        self.ended = False
        self.retired = False
        self.wakes_at = 0
        self.stop = asyncio.Event()
        self.failure: BaseException | None = None
        self._schedule = schedule
        self._task: asyncio.Task[None] | None = None

    def start(self, around: Surroundings, hops: Callable[[Surroundings], Sequence[Hop]]) -> None:
        """Begin to work."""
        self._task = self._schedule.loop.create_task(self._run(around, hops(around)))

    def begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something once; a port that is away ends it."""

        async def done() -> None:
            try:
                await work()
            except Unavailable:
                pass  # whoever started it starts it again
            except Exception as error:  # noqa: BLE001  whatever ends a worker is the simulator's business
                self.failure = error
            finally:
                self.ended = self.dead = True

        self._task = self._schedule.loop.create_task(done())

    def kill(self) -> None:
        """End at once, wherever it is."""
        self._schedule.note(f"  ! {self.name} is killed")
        self.dead = True
        self.awake = False
        if self._task is not None:
            self._task.cancel()

    async def _run(self, around: Surroundings, hops: Sequence[Hop]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for hop in hops:
                    tasks.create_task(run_hop(hop, around))
        except* Fenced as group:
            self._schedule.note(f"  {self.name} ends: {group.exceptions[0]}")
        except* Exception as group:  # noqa: BLE001  whatever ends a worker is the simulator's business
            self.failure = group
        finally:
            self.ended = True
            self.dead = True
