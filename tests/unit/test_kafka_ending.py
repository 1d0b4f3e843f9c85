"""Clients of aiokafka end in time, and leave nothing behind."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from leadflow.adapters.kafka_ending import ended, stop_consumer


class Connection:
    """A connection that can be closed."""

    closed = False

    def close(self) -> None:
        """Close it."""
        self.closed = True


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _from_inside() -> None:
    raise asyncio.CancelledError


async def _deaf() -> None:
    """Lose one cancellation, as one that meets a time-out is lost."""
    try:
        await _for_ever()
    except asyncio.CancelledError:
        await _for_ever()


def _consumer(stopping: Any) -> SimpleNamespace:
    """What `stop_consumer` touches of one."""
    fetcher = SimpleNamespace(_fetch_task=asyncio.create_task(_for_ever()), _pending_tasks={_task(), _task()})
    client = SimpleNamespace(_sync_task=asyncio.create_task(_deaf()), _conns={1: Connection()})
    coordinator = SimpleNamespace(_coordination_task=_task(), _heartbeat_task=_task(), _commit_refresh_task=None)
    return SimpleNamespace(stop=stopping, _fetcher=fetcher, _client=client, _coordinator=coordinator)


def _task() -> asyncio.Task[None]:
    return asyncio.create_task(_for_ever())


@pytest.mark.parametrize("ending", [_for_ever, _deaf, _from_inside])
async def test_an_end_that_does_not_come_is_waited_for_no_longer(ending: Any) -> None:
    """Whoever waits goes on, even where the end loses a cancellation or is cancelled from inside."""
    assert not await ended(ending(), 0.01)


@pytest.mark.parametrize("stopping", [_deaf, _from_inside])
async def test_a_consumer_that_does_not_stop_is_torn_down(stopping: Any) -> None:
    """Nothing of it goes on to fetch, to beat its heart, to connect; its connections are closed."""
    before = asyncio.all_tasks()
    consumer = _consumer(stopping)
    await asyncio.sleep(0)
    assert not await stop_consumer(consumer, 0.01)
    assert asyncio.all_tasks() == before
    assert consumer._client._conns[1].closed
