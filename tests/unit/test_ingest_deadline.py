"""Many who wait with one timer."""

import asyncio
from collections.abc import Awaitable

import pytest

from leadflow.pipeline.ingest.deadline import Deadline


async def _within(deadline: Deadline, answer: Awaitable[str]) -> str:
    with deadline:
        return await answer


def _never() -> asyncio.Future[str]:
    return asyncio.get_running_loop().create_future()


async def test_what_comes_in_time_is_returned() -> None:
    """The result and the errors of what is waited for pass through."""
    deadline = Deadline(60)
    done, failed = _never(), _never()
    done.set_result("done")
    assert await _within(deadline, done) == "done"
    failed.set_exception(ValueError("as it came"))
    with pytest.raises(ValueError, match="as it came"):
        await _within(deadline, failed)


async def test_each_who_waits_too_long_is_told() -> None:
    """All whose time is over get a TimeoutError of their own; what they waited for is cancelled."""
    deadline = Deadline(0.02)
    never = [_never() for _ in range(3)]
    tasks = [asyncio.create_task(_within(deadline, each)) for each in never]
    found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert [type(each) for each in found] == [TimeoutError] * 3
    assert all(each.cancelled() for each in never)


async def test_one_who_came_later_waits_on() -> None:
    """The deadline of another ends nobody's wait."""
    deadline = Deadline(0.1)
    early = asyncio.create_task(_within(deadline, _never()))
    await asyncio.wait([early], timeout=0.05)
    answer = _never()
    late = asyncio.create_task(_within(deadline, answer))
    with pytest.raises(TimeoutError):
        await early
    answer.set_result("in time")
    assert await late == "in time"


async def test_a_cancelled_wait_is_cancelled() -> None:
    """Somebody who leaves is not told that their time was over."""
    leaving = asyncio.create_task(_within(Deadline(60), _never()))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
