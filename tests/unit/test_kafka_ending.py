"""Clients of aiokafka end in time, and leave nothing behind."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from leadflow.adapters.kafka_ending import ended, stop_consumer
from leadflow.adapters.kafka_producer import discard


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


async def _fail() -> None:
    raise KafkaConnectionError


async def _sending(*requests: Callable[[], Awaitable[None]]) -> AIOKafkaProducer:
    """A producer that has begun these requests, each to a node of its own."""
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    sender: Any = producer._sender
    batches = [({node: {} for node in range(len(requests))}, False)]
    sender._message_accumulator.drain_by_nodes = lambda **_: batches.pop() if batches else ({}, False)
    sender._send_produce_req = lambda node, _: requests[node]()
    await sender.start()
    await asyncio.wait({sender.sender_task}, timeout=0.01)
    return producer


@pytest.mark.parametrize("requests", [(_for_ever, _for_ever, _deaf), (_fail, _fail, _for_ever)])
async def test_a_producer_that_is_discarded_leaves_no_request_behind(
    requests: tuple[Callable[[], Awaitable[None]], ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither one that goes on, nor one that failed and that nobody has looked at: whether its sender lives or not."""
    before = asyncio.all_tasks()
    producer = await _sending(*requests)
    await discard(producer)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    del producer
    gc.collect()
    assert not [record.message for record in caplog.records if record.name == "asyncio"]
