"""Long loops let others have their turn: where intake and hops share a process, they share its event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def in_turns(items: Iterable[T], size: int) -> AsyncIterator[T]:
    """The items, with a turn for everybody else after each `size` of them: choose it for a few milliseconds' work.

    Counted, not timed, so that a run under a seeded scheduler repeats itself.
    """
    for number, item in enumerate(items, 1):
        yield item
        if number % size == 0:
            await asyncio.sleep(0)


async def slices_in_turns(items: Sequence[T], size: int) -> AsyncIterator[Sequence[T]]:
    """The same by slices of `size`: for items that cost little each."""
    for start in range(0, len(items), size):
        part = items[start : start + size]
        yield part
        if len(part) == size:
            await asyncio.sleep(0)
