"""What Kafka's errors mean to us: try again later, or another owner has taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import errors

from leadflow.ports import Fenced, LeadflowError, Unavailable

_FENCED = (errors.ProducerFenced, errors.InvalidProducerEpoch, errors.InvalidProducerIdMapping, errors.InvalidTxnState)
"""The transactional id has a newer producer, or the broker has aborted what we thought was ours."""


def translated(error: errors.KafkaError, what: str) -> LeadflowError:
    """The error of our own tree that an error of Kafka's comes to."""
    if isinstance(error, _FENCED):
        return Fenced(f"{what}: another owner has taken over: drop all state and join again")
    return Unavailable(f"{what}: {type(error).__name__}: {error}")


@asynccontextmanager
async def deadline(seconds: float, what: str) -> AsyncIterator[None]:
    """Give up after so many seconds, as Unavailable; translate Kafka's own errors."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unavailable(f"{what}: no answer from Kafka within {seconds:g} s") from error
    except errors.KafkaError as error:
        raise translated(error, what) from error
