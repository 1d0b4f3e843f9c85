"""Many who wait with one timer."""

import asyncio

import pytest

from leadflow.pipeline.ingest.deadline import Deadline


async def _answer() -> str:
    return "done"


async def test_what_comes_in_time_is_returned() -> None:
    """The result and the errors of what is waited for pass through."""
    deadline = Deadline(60)
    assert await deadline.wait(_answer()) == "done"
    failed = asyncio.get_running_loop().create_future()
    failed.set_exception(ValueError("as it came"))
    with pytest.raises(ValueError, match="as it came"):
        await deadline.wait(failed)


async def test_each_who_waits_too_long_is_told() -> None:
    """All whose time is over get a TimeoutError of their own; what they waited for is cancelled."""
    deadline = Deadline(0.02)
    never = [asyncio.get_running_loop().create_future() for _ in range(3)]
    tasks = [asyncio.create_task(deadline.wait(each)) for each in never]
    found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert [type(each) for each in found] == [TimeoutError] * 3
    assert all(each.cancelled() for each in never)


async def test_one_who_came_later_waits_on() -> None:
    """The deadline of another ends nobody's wait."""
    deadline = Deadline(0.1)
    loop = asyncio.get_running_loop()
    early = asyncio.create_task(deadline.wait(loop.create_future()))
    await asyncio.wait([early], timeout=0.05)
    answer = loop.create_future()
    late = asyncio.create_task(deadline.wait(answer))
    with pytest.raises(TimeoutError):
        await early
    answer.set_result("in time")
    assert await late == "in time"


async def test_a_cancelled_wait_is_cancelled() -> None:
    """Somebody who leaves is not told that their time was over."""
    deadline = Deadline(60)
    leaving = asyncio.create_task(deadline.wait(asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
