"""Clients that send side by side, some of them stubborn, and remember what was acknowledged to them."""

import http.client
import json
import random
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

from e2e.server import WEB
from kill.crowd import Crowd, Json

CLIENTS = 3
PAUSE = 0.01  # while nobody listens
_TIMEOUT = 20.0
_MOST = 12  # events in a batch
_HEADERS = {"Authorization": "Basic " + b64encode(f"{WEB}:".encode()).decode(), "Content-Type": "application/json"}


@dataclass(slots=True)
class Ledger:
    """What the clients know together. `given_up`: sent, and what became of it was never heard."""

    acknowledged: dict[str, Json] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    answers: int = 0  # acknowledgements, those of repetitions included
    cut: int = 0  # connections that ended in the middle of a request
    shed: int = 0  # answers 503 with Retry-After
    unexpected: list[str] = field(default_factory=list)


class Clients:
    """Threads that send what a crowd does until they are told to finish; what they have begun they bring to an end."""

    def __init__(self, port: int, name: str, seed: int) -> None:
        """Nothing is sent yet."""
        self.ledger = Ledger()
        self._port = port
        self._crowd = Crowd(name, seed)
        self._lock = Lock()
        self._finish = Event()
        self._threads = [
            Thread(target=self._run, args=(random.Random(f"{seed}-{number}"),), daemon=True)  # noqa: S311
            for number in range(CLIENTS)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let them end; somebody has to listen by now."""
        self._finish.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client does not come to its end"

    def _run(self, dice: random.Random) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        while not self._finish.is_set():
            self._send(line, self._next(dice), dice)
        line.close()

    def _next(self, dice: random.Random) -> list[Json]:
        """One event or a batch; now and then something that was acknowledged long ago comes along again."""
        with self._lock:
            events = [self._crowd.touchpoint() for _ in range(1 if dice.random() < 0.6 else dice.randint(2, _MOST))]
            if self.ledger.acknowledged and dice.random() < 0.15:
                events.append(dice.choice(list(self.ledger.acknowledged.values())[-400:]))
        return events

    def _send(self, line: http.client.HTTPConnection, events: Sequence[Json], dice: random.Random) -> None:
        """Send until it is acknowledged; some clients give up when a connection ends before the answer."""
        single = len(events) == 1
        path = f"/v1/{events[0]['type']}" if single else "/v1/batch"
        body = json.dumps(events[0] if single else {"batch": events}).encode()
        while True:
            answer = self._post(line, path, body)
            if answer == 200:
                with self._lock:
                    self.ledger.answers += 1
                    self.ledger.acknowledged.update((event["messageId"], event) for event in events)
                    self.ledger.given_up.difference_update(event["messageId"] for event in events)
                return
            if answer is None and dice.random() < 0.3:
                with self._lock:
                    self.ledger.given_up.update(
                        event["messageId"] for event in events if event["messageId"] not in self.ledger.acknowledged
                    )
                return
            self._finish.wait(PAUSE)

    def _post(self, line: http.client.HTTPConnection, path: str, body: bytes) -> int | None:
        """The status; None when the request may have arrived and no answer came; 0 when nobody listens."""
        try:
            line.connect() if line.sock is None else None
        except OSError:
            line.close()
            return 0
        try:
            line.request("POST", path, body, _HEADERS)
            response = line.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            line.close()
            with self._lock:
                self.ledger.cut += 1
            return None
        self._judge(response, content)
        return response.status

    def _judge(self, response: http.client.HTTPResponse, content: bytes) -> None:
        retry = response.getheader("Retry-After")
        with self._lock:
            if response.status == 503 and retry is not None:
                self.ledger.shed += 1
            elif (response.status, content) != (200, b'{"success":true}'):
                self.ledger.unexpected.append(f"{response.status} {content[:200]!r}")


def counted(ledger: Ledger) -> dict[str, Any]:
    """The ledger in numbers, for a message."""
    return {
        "acknowledged": len(ledger.acknowledged),
        "given up": len(ledger.given_up),
        "connections cut": ledger.cut,
        "shed": ledger.shed,
    }
