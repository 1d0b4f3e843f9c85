"""Ordinary people who go on whatever is answered: without requests there would be nothing to see."""

import http.client
import itertools
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from alerts.repeating import repeating
from e2e.server import WEB
from fire.workload import Workload

Json = dict[str, Any]
_HEADERS = {"Authorization": "Basic " + b64encode(f"{WEB}:".encode()).decode(), "Content-Type": "application/json"}
_SECONDS = 10.0  # that an answer may take


def post(port: int, path: str, body: bytes) -> int:
    """Send one request; its status, 0 when there was no answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        line.request("POST", path, body, _HEADERS)
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()


def send(port: int, events: Sequence[Json]) -> int:
    """Send events as a batch."""
    return post(port, "/v1/batch", json.dumps({"batch": list(events)}).encode())


@contextmanager
def flowing(port: int, *, pause: float = 0.1, threads: int = 1, batch: int = 5, seed: int = 0) -> Iterator[None]:
    """Send batches of a workload with a pause between them, from some threads."""
    people = [_events(seed * 100 + number) for number in range(threads)]
    with ExitStack() as senders:
        for events in people:
            senders.enter_context(repeating(partial(_send_some, port, events, batch), pause))
        yield


def _send_some(port: int, events: Iterator[Json], count: int) -> None:
    send(port, list(itertools.islice(events, count)))


def _events(seed: int) -> Iterator[Json]:
    """What people of a workload do, round after round: ids of messages and people are new in each."""
    for round_number in itertools.count():
        workload = Workload(seed * 1_000 + round_number, 2_000)
        yield from (event for request in workload.requests for event in request.events)
