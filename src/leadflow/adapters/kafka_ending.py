"""Starts and ends of aiokafka's clients that leave nothing behind, and that nobody waits for too long.

Each runs as a task of its own. One cancellation may not suffice to end it: aiokafka loses one that meets a time-out of
its own. And one may come out that nobody sent: closing a consumer cancels its fetches and awaits them; one that pauses
before it asks a dead node again ends as cancelled, and with it whoever closes, halfway.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient

_GRACE = 2.0  # seconds that tasks may take to notice that they are cancelled
_STEP = 0.05

Tasks = Iterable["asyncio.Future[Any] | None"]


async def start(starting: Coroutine[Any, Any, None], client: AIOKafkaClient) -> None:
    """Start something that connects by `client`. Cancelled before it knows the cluster, it would leak a connection."""
    task = asyncio.ensure_future(starting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            end = _now() + _GRACE
            while not task.done() and client._sync_task is None and _now() < end:  # noqa: SLF001 - the last it starts
                await asyncio.wait({task}, timeout=_STEP)
        finally:
            task.cancel()
            await cancelled([task])
        raise


async def ended(ending: Coroutine[Any, Any, None], seconds: float) -> bool:
    """Whether it came to its end in time; not where a cancellation came from inside. Raises what it raises."""
    task = asyncio.ensure_future(ending)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        in_time = task.done() and not task.cancelled()
        await cancelled([task])
    if in_time:
        task.result()
    return in_time


async def cancelled(tasks: Tasks) -> None:
    """Cancel, again and again until all are done, or for a while: what does not end then is left alone."""
    pending = {task for task in tasks if task is not None}
    for task in pending:
        task.add_done_callback(look)
    end = _now() + _GRACE
    while (pending := {task for task in pending if not task.done()}) and _now() < end:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_STEP)


async def stop_consumer(consumer: AIOKafkaConsumer, seconds: float) -> bool:
    """Whether it stopped in order. Where not, all is torn down that would keep its membership or connections alive."""
    try:
        return await ended(consumer.stop(), seconds)
    finally:
        fetcher, coordinator = consumer._fetcher, consumer._coordinator  # noqa: SLF001 - there is no other way
        inside = [getattr(coordinator, name, None) for name in _COORDINATING]
        if fetcher is not None:
            inside += [fetcher._fetch_task, *fetcher._pending_tasks]  # noqa: SLF001
        await cancelled(inside)
        await drop(consumer._client)  # noqa: SLF001


_COORDINATING = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")


async def drop(client: AIOKafkaClient) -> None:
    """Close its connections, and let it open no more."""
    await cancelled([client._sync_task])  # noqa: SLF001
    closing = [connection.close() for connection in client._conns.values()]  # noqa: SLF001
    if pending := {future for future in closing if future is not None and not future.done()}:
        await asyncio.wait(pending, timeout=_GRACE)


def look(task: "asyncio.Future[Any]") -> None:
    """Take notice of how an abandoned task ended, or asyncio complains that nobody has."""
    if not task.cancelled():
        task.exception()


def _now() -> float:
    return asyncio.get_running_loop().time()
