"""Group commit: appends gather while one flush is on its way to the brokers, and wait for the one that carries them."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from leadflow import metrics
from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.kafka_producer import close, discard, start_producer
from leadflow.adapters.kafka_records import Entry, send
from leadflow.ports import Clock, Overloaded, Unavailable

_FLUSH_BYTES = 8 * 1024 * 1024
_FIRST_PAUSE = 0.1  # seconds
_LONGEST_PAUSE = 2.0

logger = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Append:
    grouped: Mapping[TopicPartition, list[Entry]]
    size: int
    done: asyncio.Future[None]


class Appender:
    """One idempotent producer. A flush that fails or is late ends it: the fate of its records is unknown.

    Whoever waited is told Unavailable and sends again; a new producer is started for the next flush.
    """

    def __init__(self, options: KafkaOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._producer: AIOKafkaProducer | None = None
        self._gathered: deque[_Append] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._flushing: asyncio.Task[None] | None = None
        self._closing = False
        self._failing = False

    async def close(self) -> None:
        """Flush what has been gathered, within the call's deadline, and close the producer."""
        self._closing = True
        self._news.set()
        if self._flushing is not None:
            await self._flushing
        if self._producer is not None:
            await close(self._producer)

    async def append(self, grouped: Mapping[TopicPartition, list[Entry]], size: int) -> None:
        """Return when all is durable. Raises Overloaded at once when too many bytes wait, or Unavailable in the end."""
        if self._closing:
            raise Unavailable("the log is closed")
        if self._bytes + size > self._options.max_waiting_bytes:
            raise Overloaded(f"{self._bytes} bytes wait for Kafka; no more than {self._options.max_waiting_bytes} may")
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._run())
        waiting = _Append(grouped, size, asyncio.get_running_loop().create_future())
        self._count(size)
        self._gathered.append(waiting)
        self._news.set()
        await waiting.done

    async def check(self) -> None:
        """Raise Unavailable while appends fail. It tries again itself: who looks here may be the only one who dares."""
        if self._failing:
            await close(await start_producer(self._options))
            self._failing = False

    async def _run(self) -> None:
        """Flush, one at a time; after a failure, pause: meanwhile appends gather within their bound."""
        pause = _FIRST_PAUSE
        while True:
            await self._news.wait()
            self._news.clear()
            while batch := self._take():
                failure = await self._flush(batch)
                self._count(-sum(one.size for one in batch))
                _answer(batch, failure)
                self._failing = failure is not None
                if failure is None:
                    pause = _FIRST_PAUSE
                elif not self._closing:
                    logger.warning("append_failed", error=str(failure), pause_s=pause)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
            if self._closing:
                return

    def _take(self) -> list[_Append]:
        """What the next flush carries; those whose callers have given up are left out."""
        batch: list[_Append] = []
        size = 0
        while self._gathered and size < _FLUSH_BYTES:
            one = self._gathered.popleft()
            if one.done.done():
                self._count(-one.size)
                continue
            batch.append(one)
            size += one.size
        return batch

    async def _flush(self, batch: list[_Append]) -> Exception | None:
        """Write a batch; the error where it could not be confirmed, whatever it is: the next flush may go well."""
        started = time.perf_counter()
        grouped: dict[TopicPartition, list[Entry]] = {}
        for one in batch:
            for place, part in one.grouped.items():
                grouped.setdefault(place, []).extend(part)
        try:
            async with deadline(self._options.call_timeout, "append"):
                if self._producer is None:
                    self._producer = await start_producer(self._options)
                await asyncio.gather(*await send(self._producer, grouped, self._clock.now()))
        except Exception as error:  # noqa: BLE001 - aiokafka asserts where a topic has changed
            metrics.FLUSH_FAILURES.labels("log").inc()
            if self._producer is not None:
                await discard(self._producer)
                self._producer = None
            return error
        metrics.FLUSH_SECONDS.labels("log").observe(time.perf_counter() - started)
        metrics.FLUSH_RECORDS.labels("log").observe(len(batch))
        return None

    def _count(self, size: int) -> None:
        self._bytes += size
        metrics.WAITING_BYTES.labels("log").set(self._bytes)


def _answer(batch: list[_Append], failure: Exception | None) -> None:
    for one in batch:
        if one.done.done():
            continue
        if failure is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(Unavailable(f"append: {failure}"))
