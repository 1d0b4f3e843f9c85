"""A fault at every call of a port: away before, away after it took effect, and the process gone, for every k."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from pipeline.in_memory import FixedClock
from pipeline.small_story import Crash, Ground, Teller, checked_outcome

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.ports import Assignment, Unavailable

LEAST = 150  # calls of ports that the story makes, or it has become too short

pytestmark = pytest.mark.usefixtures("hurried", "poison")


class Fault:
    """Strikes at one call, counted from 1."""

    def __init__(self, at: int, how: str) -> None:
        self.calls = 0
        self.struck = ""
        self._at = at
        self._how = how

    async def around(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make a call of a port, or not."""
        await asyncio.sleep(0)  # a port may always let others go on
        self.calls += 1
        if self.calls != self._at:
            return await call()
        self.struck = name
        if self._how == "away":
            raise Unavailable(f"{name} is away", 0.0)
        result = await call()
        if self._how == "crash":
            raise Crash
        del result
        raise Unavailable(f"{name} has timed out", 0.0)


class Faulty:
    """A port whose named methods are counted and may fail."""

    def __init__(self, port: Any, fault: Fault, methods: frozenset[str]) -> None:
        self._port = port
        self._fault = fault
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        """The port's own attribute, watched if it is one of the methods."""
        found = getattr(self._port, name)
        if name not in self._methods:
            return found

        async def call(*args: Any, **named: Any) -> Any:
            return await self._fault.around(name, lambda: found(*args, **named))

        return call


class FaultyLog(Faulty):
    """A log that may fail as one joins, too."""

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[Assignment]]:
        """See `ports.Log`."""
        async with self._port.consume(group, topic) as assignments:
            await self._fault.around("consume", lambda: asyncio.sleep(0))
            yield self._each(assignments)

    async def _each(self, assignments: AsyncIterator[Assignment]) -> AsyncIterator[Assignment]:
        async for assignment in assignments:
            yield Faulty(assignment, self._fault, frozenset({"fetch", "commit"}))


class InMemory(Ground):
    """Log and store in memory, which outlive every process."""

    def __init__(self, fault: Fault) -> None:
        self.log = MemoryLog(partitions=1, clock=FixedClock())  # one order, so that all outcomes are comparable
        self.store = MemoryStore()
        self._fault = fault

    @asynccontextmanager
    async def ports(self) -> AsyncIterator[tuple[Any, Any]]:
        """See Ground."""
        yield (
            FaultyLog(self.log, self._fault, frozenset({"append", "bounds", "committed"})),
            Faulty(self.store, self._fault, frozenset({"get", "insert", "replace", "delete", "find"})),
        )


def told(at: int = 0, how: str = "") -> tuple[Fault, Mapping[str, Any]]:
    """Tell the story with a fault at one call; what came of it."""
    fault = Fault(at, how)
    ground = InMemory(fault)

    async def tell() -> Mapping[str, Any]:
        await Teller(ground).tell()
        return await checked_outcome(ground.log, ground.store)

    return fault, asyncio.run(tell())


def until_none_strikes(how: str) -> Iterator[tuple[Fault, Mapping[str, Any]]]:
    """A fault at the first call, at the second, and so on behind the last."""
    for at in count(1):
        fault, came = told(at, how)
        if not fault.struck:
            return
        yield fault, came


@pytest.mark.parametrize("how", ["away", "late", "crash"])
def test_a_fault_at_any_call_of_a_port_changes_nothing(how: str) -> None:
    """Whichever call fails, before or after it took effect, or is the last of its process: the outcome is the same."""
    _, undisturbed = told()
    struck: dict[str, int] = {}
    for fault, came in until_none_strikes(how):
        struck[fault.struck] = struck.get(fault.struck, 0) + 1
        for what, value in undisturbed.items():
            assert came[what] == value, f"{how} at call {fault.calls} ({fault.struck}): other {what}"
    assert sum(struck.values()) >= LEAST
    assert struck.keys() >= {"append", "consume", "fetch", "commit", "get", "insert", "replace"}


def test_the_story_takes_every_way() -> None:
    """Merges, a refused merge, a poison touchpoint, a nameless one, an action and an order are in it."""
    _, came = told()
    stages = [change.to for changes in came["changes"].values() for change in changes]
    assert sorted(len(group) for group in came["people"].values()) == [1, 1, 5]
    assert {"lead", "mql", "sql", "customer"} <= set(stages)
    assert came["refused"].keys() == {"m3", "m7"}
    assert came["stored"]["m7"][1]
