"""Whether a cluster serves: asked by a client, not guessed from a log."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from tools.broker.security import Access

_PAUSE = 0.1
_CALL_MS = 2_000
_GROUPS, _TRANSACTIONS = 0, 1  # kinds of coordinators in Kafka's protocol


def wait_until_serving(address: str, number: int, access: Access, seconds: float, check: Callable[[], None]) -> None:
    """Return when the node counts itself in and groups and transactions have their coordinators.

    `check` is called between the attempts and may raise. TimeoutError says what is missing. Works inside a running
    event loop too: it asks from a thread of its own.
    """
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(1) as asking:
        while True:
            check()
            try:
                _knock(address)
                asking.submit(asyncio.run, _ask(address, number, access)).result()
            except (KafkaError, OSError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the node at {address} does not serve after {seconds:g} s: {error}") from error
                time.sleep(_PAUSE)
            else:
                return


def _knock(address: str) -> None:
    """Connect and close: while nobody listens, a client would log an error for each attempt."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), timeout=_CALL_MS / 1000).close()


async def _ask(address: str, number: int, access: Access) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=_CALL_MS, **access.client())
    try:
        await admin.start()
        brokers = (await admin.describe_cluster())["brokers"]
        if number not in {broker["node_id"] for broker in brokers}:
            raise TimeoutError("it is not registered")
        for kind in (_GROUPS, _TRANSACTIONS):
            await admin.find_coordinator("ready", kind)
    finally:
        await admin.close()
