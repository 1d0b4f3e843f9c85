"""Producers that start and end within a deadline, whatever the broker does."""

import asyncio
from traceback import walk_tb
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from leadflow.adapters.kafka_ending import cancelled, drop, ended, look, start
from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_options import KafkaOptions

_GRACE = 2.0  # seconds that an idle producer may take to close


async def start_producer(options: KafkaOptions, transactional_id: str | None = None) -> AIOKafkaProducer:
    """Connect an idempotent producer, acknowledged by all in-sync replicas. Raises Unavailable.

    A transactional one has fenced every earlier one of its id when this returns, and what they left open is aborted.
    """
    transactional = {}
    if transactional_id is not None:
        transactional = {
            "transactional_id": transactional_id,
            "transaction_timeout_ms": round(options.transaction_timeout * 1_000),
        }
    producer = AIOKafkaProducer(
        **options.connection(),
        **transactional,
        enable_idempotence=True,
        acks="all",
        compression_type=None if options.compression == "none" else options.compression,
        max_batch_size=options.batch_bytes,
    )
    try:
        async with deadline(options.call_timeout, f"starting the producer {transactional_id or 'of appends'}"):
            await start(producer.start(), producer.client)
    except BaseException:
        await discard(producer)
        raise
    return producer


async def close(producer: AIOKafkaProducer) -> None:
    """Close a producer that has nothing to deliver; one that does not answer is discarded."""
    try:
        in_time = await ended(producer.stop(), _GRACE)
    except KafkaError:
        in_time = False
    if not in_time:
        await discard(producer)


async def discard(producer: AIOKafkaProducer) -> None:
    """Let go of a producer at once: what it has not delivered is dropped, or aborted by the next one of its id.

    `stop` would wait for as long as the broker is away: aiokafka retries for ever.
    """
    producer._closed = True  # noqa: SLF001 - or it warns of not having been stopped
    waiting = _waiting(producer)
    accumulator = producer._message_accumulator  # noqa: SLF001
    for batches in accumulator._batches.values():  # noqa: SLF001
        # A batch that ends is taken from this set. One that was to be sent again has left it: aiokafka would raise.
        accumulator._pending_batches.update(batch for batch in batches if batch.retry_count)  # noqa: SLF001
    accumulator.fail_all(ProducerClosed())
    sending = producer._sender.sender_task  # noqa: SLF001
    if sending is not None:  # all have been told: without a transaction, telling them again would raise
        sending.remove_done_callback(producer._sender._fail_all)  # noqa: SLF001
        sending.add_done_callback(look)  # whoever lets go may be cancelled before it ends
    await cancelled([sending, *_begun_by(sending)])
    await asyncio.sleep(0)  # where it has failed, it tells all who wait
    for future in (sending, *waiting):
        if future is not None and future.done() and not future.cancelled():
            future.exception()  # else asyncio logs that nobody has looked at it
    await drop(producer.client)


def _begun_by(sending: asyncio.Task[Any] | None) -> list[asyncio.Future[Any]]:
    """The tasks that a sender has begun and not seen end.

    Cancelled, it awaits one of them; after a failure none. They would look for their broker for ever.
    """
    if sending is None or sending.cancelled():
        return []
    frame = getattr(sending.get_coro(), "cr_frame", None)
    if sending.done() and (error := sending.exception()) is not None:
        frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        frame = next((one for one in frames if one.f_code.co_name == "_sender_routine"), None)
    return list(frame.f_locals.get("tasks", ())) if frame is not None else []


def _waiting(producer: AIOKafkaProducer) -> list[asyncio.Future[object] | None]:
    """The futures inside a producer that its end may set, and that nobody awaits any more."""
    accumulator = producer._message_accumulator  # noqa: SLF001
    batches = [batch for queue in accumulator._batches.values() for batch in queue]  # noqa: SLF001
    batches += accumulator._pending_batches  # noqa: SLF001
    transaction = getattr(producer._txn_manager, "_transaction_waiter", None)  # noqa: SLF001
    return [transaction, *(future for batch in batches for future in (batch.future, batch._drain_waiter))]  # noqa: SLF001
