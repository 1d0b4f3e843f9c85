"""Clients that bring every request of a row to its acknowledgement, whichever observer is dead at the moment."""

import http.client
import json
import random
from base64 import b64encode
from collections.abc import Iterable, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic

from e2e.server import WEB
from e2e.waiting import wait_for
from fire.ledger import BUSY, CUT, NOBODY, OK, Answer, Ledger
from fire.workload import Request

THREADS = 4
PAUSE = 0.02  # seconds, after an attempt that failed
TIMEOUT = 30.0
_HEADERS = {"Authorization": "Basic " + b64encode(f"{WEB}:".encode()).decode(), "Content-Type": "application/json"}


class Senders:
    """Threads that send what is offered, at least once each: to another observer when one fails, until it is taken."""

    def __init__(
        self, ports: Sequence[int], seed: int, *, threads: int = THREADS, ledger: Ledger | None = None
    ) -> None:
        """Nothing is sent before it is offered."""
        self.ledger = ledger or Ledger()
        self.offered = 0
        self._ports = ports
        self._queue: SimpleQueue[Request] = SimpleQueue()
        self._finish = Event()
        self._done: SimpleQueue[None] = SimpleQueue()
        self._threads = [
            Thread(target=self._run, args=(random.Random(f"sender-{seed}-{number}"),), daemon=True)  # noqa: S311
            for number in range(threads)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def offer(self, requests: Iterable[Request]) -> None:
        """Give them more to send."""
        for request in requests:
            self.offered += 1
            self._queue.put(request)

    @property
    def taken(self) -> int:
        """How many of the requests offered have been acknowledged."""
        return self._done.qsize()

    def finish(self, seconds: float = 180) -> None:
        """Return once everything offered is acknowledged; somebody has to listen by now."""
        wait_for(lambda: self.taken >= self.offered, "the acknowledgement of every request", seconds=seconds)
        self._finish.set()
        for thread in self._threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive(), "a sender does not come to its end"

    def _run(self, dice: random.Random) -> None:
        lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT) for port in self._ports]
        while not self._finish.is_set():
            try:
                request = self._queue.get(timeout=0.1)
            except Empty:
                continue
            self._bring(request, lines, dice)
        for line in lines:
            line.close()

    def _bring(self, request: Request, lines: list[http.client.HTTPConnection], dice: random.Random) -> None:
        """Send it until it is acknowledged; a turn that failed is taken to another observer."""
        body = json.dumps(request.events[0] if len(request.events) == 1 else {"batch": request.events}).encode()
        while not self._finish.is_set():
            for line in dice.sample(lines, len(lines)):
                if self._post(line, request.path, body) == OK:
                    self.ledger.acknowledge(request.events, request.unusable)
                    self._done.put(None)
                    return
            self._finish.wait(PAUSE)

    def _post(self, line: http.client.HTTPConnection, path: str, body: bytes) -> int:
        """The status of one attempt, which the ledger notes."""
        began = monotonic()
        status = NOBODY
        try:
            if line.sock is None:
                line.connect()
            status = CUT
            line.request("POST", path, body, _HEADERS)
            response = line.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            line.close()
        else:
            self.ledger.judge(response, content)
            status = response.status
        ended = monotonic()
        self.ledger.note(Answer(ended, ended - began, status))
        return status


def outcomes(ledger: Ledger) -> dict[str, int]:
    """The ledger in numbers, for a message."""
    return {
        "acknowledged": len(ledger.acknowledged),
        "attempts": len(ledger.answers),
        "told to come again": ledger.count(BUSY),
        "connections cut": ledger.count(CUT),
        "nobody listened": ledger.count(NOBODY),
    }
