"""Tasks that must live as long as the process: one that ends by itself makes the process unready, and ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from leadflow import metrics
from leadflow.pipeline.dead_letters import TooManyRejected
from leadflow.runtime.health import Health

logger = structlog.get_logger(__name__)

Work = Callable[[asyncio.Event], Awaitable[None]]
"""A task: it works until the event is set, then finishes what it has begun and returns."""


@dataclass(slots=True)
class Supervisor:
    """Runs tasks, tells their states to `health`, sets `stop` when one dies. `failure` says which one and why.

    A consumer that has stopped because most records are bad makes the process unready, no more.
    """

    health: Health
    stop: asyncio.Event
    failure: str | None = None
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, part: str, work: Work) -> asyncio.Task[None]:
        """Start a task under the name by which /readyz knows it. The task returned never fails."""
        self.health.report(part)
        task = asyncio.create_task(self._run(part, work), name=part)
        self._tasks.append(task)
        return task

    async def _run(self, part: str, work: Work) -> None:
        """Run one task to its end, whatever that is."""
        try:
            await work(self._ending)
            reason = None if self.stop.is_set() else "ended by itself"
        except TooManyRejected as error:
            # The other parts are well, and what comes in meanwhile is kept: unready until somebody has repaired it.
            logger.error("consumer_stopped", part=part, reason=str(error))  # noqa: TRY400  it needs no traceback
            self.health.report(part, str(error))
            metrics.CONSUMER_STOPPED.labels(part).set(1)
            return
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is None or me.cancelling():
                raise
            reason = "a cancellation came from inside"  # nobody asked for it: a library let its own out
            logger.exception("task_died", part=part)
        except Exception as error:
            reason = str(error) or type(error).__name__
            logger.exception("task_died", part=part)
        if reason is not None:
            self.failure = self.failure or f"{part} stopped: {reason}"
            self.health.died = self.failure
            self.health.report(part, reason)
            self.stop.set()

    async def finish(self, seconds: float) -> None:
        """Tell every task to end, give them `seconds`, then cancel. What is cut off is done again at the next start."""
        self.stop.set()
        self._ending.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            logger.warning("task_cut_off", part=task.get_name(), after_s=seconds)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
