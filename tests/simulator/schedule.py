"""Who goes on next: every call of a port waits at a gate, and a seeded choice opens one gate at a time."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from simulator.loop import VirtualLoop

_STEP_SECONDS = 0.002  # virtual time of one call


class Waiter(Protocol):
    """Who waits at a gate."""

    name: str
    awake: bool
    dead: bool
    retired: bool  # it may finish what it does, but not join again


@dataclass(slots=True, eq=False)
class Gate:
    """A call of a port that has not been let through; `ready` tells whether there is anything to go on with."""

    worker: Waiter
    what: str
    opened: asyncio.Future[None]
    ready: Callable[[], bool] | None


class Schedule:
    """The one source of chance of a run, and its diary.

    `act` is called before each choice and may change the world; `trace` is None unless the diary is wanted.
    """

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        self.random = random.Random(seed)  # noqa: S311  an order to replay, not a secret
        self.loop = VirtualLoop(self._step)
        self.steps = 0
        self.last_step = 0
        self.paused: dict[str, int] = {}  # what a gate's text begins with -> the step at which it goes on
        self.act: Callable[[], None] = lambda: None
        self.trace: list[str] | None = [] if traced else None
        self._gates: list[Gate] = []

    def note(self, text: str) -> None:
        """Enter a line into the diary."""
        if self.trace is not None:
            self.trace.append(f"{self.steps:5d} {self.loop.now:8.3f} {text}")

    async def pass_gate(self, worker: Waiter, what: str, ready: Callable[[], bool] | None = None) -> None:
        """Wait to be let through. Who is dead never gets any further."""
        if worker.dead:
            raise asyncio.CancelledError
        gate = Gate(worker, what, self.loop.create_future(), ready)
        self._gates.append(gate)
        await gate.opened

    def waiting_to(self, *verbs: str) -> list[Waiter]:
        """Who is about to do one of these things."""
        return [gate.worker for gate in self._gates if any(verb in gate.what for verb in verbs)]

    def run(self, steps: int) -> bool:
        """Go on until all is quiet, at most so many steps; False when that was not enough."""
        self.last_step = self.steps + steps
        self.loop.run_until_quiet()
        return self.steps < self.last_step

    def _step(self) -> bool:
        self.steps += 1
        if self.steps >= self.last_step:
            return False
        self.loop.advance(_STEP_SECONDS)
        self.act()
        if self.loop.has_ready():
            return True
        open_now = self._runnable()
        if not open_now:
            return self.loop.advance_to_next_timer() or bool(self.paused and self._resume())
        gate = open_now[int(self.random.random() * len(open_now))]
        self._gates.remove(gate)
        self.note(f"{gate.worker.name} {gate.what}")
        gate.opened.set_result(None)
        return True

    def _runnable(self) -> list[Gate]:
        self._gates = [gate for gate in self._gates if not gate.opened.done()]
        resting = {what for what, until in self.paused.items() if until > self.steps}
        return [
            gate
            for gate in self._gates
            if gate.worker.awake
            and (gate.ready is None or gate.ready())
            and not (resting and any(gate.what.startswith(what) for what in resting))
        ]

    def _resume(self) -> bool:
        self.paused.clear()
        return bool(self._runnable())
