"""From HTTP to stage change: new people ask for a demo, a subscriber notes when their change arrives."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Thread

import msgspec

from bench.events import event
from bench.http import WRITE_KEY
from bench.people import Person
from bench.pressure.instance import ADMIN_TOKEN

_FIRST_PERSON = 900_000_000  # numbers of people whom nothing else meets
_SERIES = 100_000
_LAST_SECONDS = 10.0  # that the changes of the last probes may take


class _Trigger(msgspec.Struct):
    message_id: str


class _Change(msgspec.Struct):
    trigger: _Trigger


class Probes:
    """Sends a probe now and then; the seconds until each one's first change."""

    def __init__(self, port: int, stream_port: int, series: int, per_second: float) -> None:
        self._port = port
        self._first = _FIRST_PERSON + series * _SERIES
        self._pause = 1 / per_second
        self._sent: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._stopping = False
        self._stream = HTTPConnection("127.0.0.1", stream_port, timeout=60)

    @property
    def lost(self) -> int:
        """How many probes brought no change."""
        return len(self._sent) - len(self.seconds)

    @property
    def seconds(self) -> list[float]:
        """From the begin of each probe's request to the arrival of its change, sorted."""
        return sorted(self._seen[name] - began for name, began in self._sent.items() if name in self._seen)

    def subscribe(self) -> None:
        """Open the stream of stage changes."""
        self._stream.request("GET", "/api/v1/stage-changes/stream", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        self._answer = self._stream.getresponse()
        while not self._answer.readline().startswith(b"id:"):  # it follows from here on
            pass

    def listen(self) -> None:
        """Note when changes arrive, until the stream ends or is closed."""
        decode = msgspec.json.Decoder(_Change).decode
        try:
            while line := self._answer.readline():
                if line.startswith(b"data: "):
                    self._seen.setdefault(decode(line[6:]).trigger.message_id, time.perf_counter())
        except (OSError, ValueError, AttributeError):  # closed under the reader: the probes are over
            return

    def send(self) -> None:
        """Send probes until told to stop."""
        credentials = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        for number in range(self._first, self._first + _SERIES):
            if self._stopping:
                break
            name = f"probe-{number}"
            body = demo(Person(number), name)
            began = time.perf_counter()
            connection.request("POST", "/v1/track", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:  # noqa: PLR2004
                self._sent[name] = began
            time.sleep(max(0.0, self._pause - (time.perf_counter() - began)))
        connection.close()

    def stop(self) -> None:
        """Send no more."""
        self._stopping = True

    def wait_for_last(self) -> None:
        """Wait until every probe has been answered by a change, or for a while."""
        deadline = time.monotonic() + _LAST_SECONDS
        while self.lost and time.monotonic() < deadline:
            time.sleep(0.05)

    def close(self) -> None:
        """Close the stream; the reader ends."""
        if self._stream.sock is not None:
            self._stream.sock.close()
        self._stream.close()


@contextmanager
def probing(port: int, stream_port: int, series: int = 0, per_second: float = 5.0) -> Iterator[Probes]:
    """Probe beside the block, and wait for the last changes at its end. Each `series` is of other people."""
    probes = Probes(port, stream_port, series, per_second)
    probes.subscribe()
    Thread(target=probes.listen, daemon=True).start()
    sender = Thread(target=probes.send, daemon=True)
    sender.start()
    try:
        yield probes
    finally:
        probes.stop()
        sender.join(60)
        probes.wait_for_last()
        probes.close()


def demo(person: Person, name: str) -> bytes:
    """Make the event of somebody who asks for a demo; `name` is its message id."""
    properties = {"email": person.email, "need": "a demo for our sales team"}
    return event({"type": "track", "event": "Demo Requested", "properties": properties}, person, name)
