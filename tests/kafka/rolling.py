"""A client that must not notice a rolling restart: it retries as SDKs do, on another instance."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from e2e import plain_http

_LANES = 8
_PAUSE = 0.01  # seconds between two requests of a lane
_PATIENCE = 15.0  # seconds that an event is tried for


@dataclass(slots=True)
class Load:
    """What was sent: `{user: events acknowledged}`, and everything that a client would call an error."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    moves: int = 0  # times that another instance was turned to


@contextmanager
def sending(urls: Sequence[str], key: str) -> Iterator[Load]:
    """Send single events from several lanes, each over a connection that it keeps, until the block ends."""
    load, stop = Load(), threading.Event()
    lanes = [threading.Thread(target=_lane, args=(number, urls, key, load, stop)) for number in range(_LANES)]
    for lane in lanes:
        lane.start()
    try:
        yield load
    finally:
        stop.set()
        for lane in lanes:
            lane.join()


def _lane(number: int, urls: Sequence[str], key: str, load: Load, stop: threading.Event) -> None:
    clients = [plain_http.client(base_url=url, auth=(key, ""), timeout=20) for url in urls]
    at, user, count = number, f"rolling-{number}", 0
    while not stop.is_set():
        event = {"type": "track", "userId": user, "event": "Feature Used", "messageId": f"{user}-{count}"}
        deadline = time.monotonic() + _PATIENCE
        while not _sent(clients[at % len(clients)], event, load):
            at += 1
            load.moves += 1
            if time.monotonic() > deadline:
                load.errors.append(f"{event['messageId']}: nobody took it within {_PATIENCE:g} s")
                return
            time.sleep(_PAUSE)
        count += 1
        load.acknowledged[user] = count
        time.sleep(_PAUSE)
    for client in clients:
        client.close()


def _sent(client: httpx.Client, event: dict[str, str], load: Load) -> bool:
    """Send once. A refused connection and a 503 are what a restart may show; anything else is an error."""
    try:
        answer = client.post("/v1/track", json=event)
    except httpx.ConnectError:
        return False
    except httpx.TransportError as error:  # cut off in the middle: the SDK sends again, but somebody looks at its log
        load.errors.append(f"{event['messageId']}: {type(error).__name__}")
        return False
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return False
    if answer.status_code != httpx.codes.OK:
        load.errors.append(f"{event['messageId']}: {answer.status_code} {answer.text}")
    return True
