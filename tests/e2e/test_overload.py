"""More than the server can do: it says so, keeps what it took, answers in time, stays small, and is back at once."""

import itertools
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import httpx
import pytest
from e2e.api import Api
from e2e.server import SERVER, SETTINGS, Server
from e2e.waiting import wait_for

MakeServer = Callable[[Mapping[str, str]], AbstractContextManager[Server]]

SENDERS = 24
IN_FLIGHT = 6
LAG = 1_000
BATCH = 50
SECONDS = 6.0
LOOK = 0.3
RATHER = 100.0  # seconds that a busy machine may take to work the backlog off

SLOWEST_ANSWER = 3.0  # of the accepted, 99th percentile; six requests in flight take a fraction of a second
GROWTH_MB = 150
BACK_WITHIN = 10.0  # seconds; the lag is looked at once a second


@dataclass
class Load:
    """What was seen while everybody sent at once, and how long after it a new request had to come again."""

    senders: "list[Sender]"
    ready: list[int] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    back_after: float = 0.0


class Sender(Thread):
    """Sends batches of one person without a pause, whatever the answers, as nobody well-behaved would."""

    def __init__(self, port: int, number: int, until: float) -> None:
        """Nothing is sent yet."""
        super().__init__()
        self.person = f"sender-{number}"
        self.accepted: list[str] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.seconds: list[float] = []
        self._port = port
        self._until = until

    def run(self) -> None:
        """Send until the time is over."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        for number in itertools.count():
            began = time.monotonic()
            if began > self._until:
                break
            mark = f"{self.person}-{number:06d}"
            body = BODY.replace(b"PERSON-NUMBER", mark.encode()).replace(b"PERSON", self.person.encode())
            connection.request("POST", "/v1/batch", body, HEADERS)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status == httpx.codes.OK:
                self.accepted += [f"{mark}-{n}" for n in range(BATCH)]
                self.seconds.append(time.monotonic() - began)
            else:
                self.refusals.append((answer.status, json.loads(content)["code"], answer.headers["Retry-After"]))
        connection.close()


def body() -> bytes:
    """Return a batch in which only the names are missing."""
    search = {"type": "track", "event": "Search", "anonymousId": "PERSON", "context": {"padding": "." * 300}}
    return json.dumps({"batch": [{**search, "messageId": f"PERSON-NUMBER-{n}"} for n in range(BATCH)]}).encode()


BODY = body()
HEADERS = {"Authorization": "Basic " + b64encode(f"{SERVER}:".encode()).decode()}


def rss_mb(server: Server) -> float:
    """Return the resident memory of a running server."""
    assert server._process is not None
    status = Path(f"/proc/{server._process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def overload(server: Server, api: Api) -> Load:
    """Let all senders loose and look at the server meanwhile; then come back once as an ordinary client."""
    until = time.monotonic() + SECONDS
    load = Load([Sender(server.port, number, until) for number in range(SENDERS)], rss_mb=[rss_mb(server)])
    for sender in load.senders:
        sender.start()
    while any(sender.is_alive() for sender in load.senders):
        load.ready.append(api.http.get("/readyz").status_code)
        load.rss_mb.append(rss_mb(server))
        load.senders[0].join(LOOK)
    began = time.monotonic()
    event = {"type": "track", "event": "Search", "anonymousId": "afterwards", "messageId": "afterwards"}
    wait_for(lambda: api.http.post("/v1/track", json=event, auth=(SERVER, "")).is_success, "an accepted request")
    load.back_after = time.monotonic() - began
    return load


@dataclass(frozen=True)
class Afterwards:
    """The load, and the server once it has worked everything off."""

    load: Load
    api: Api


@pytest.fixture(scope="module")
def afterwards(make_server: MakeServer) -> Iterator[Afterwards]:
    """Overload a server with small limits, then let it come to rest."""
    limits = {"LEADFLOW_MAX_IN_FLIGHT": str(IN_FLIGHT), "LEADFLOW_MAX_LAG": str(LAG)}
    with make_server({**SETTINGS, **limits}) as server, server.start() as api:
        load = overload(server, api)
        for sender in load.senders:
            api.scored(sender.accepted[-1:], "server", seconds=RATHER)
        yield Afterwards(load, api)


def test_too_much_is_refused_for_now(afterwards: Afterwards) -> None:
    """Whatever is not accepted is a 503 that says when to come again; both bounds have acted."""
    refusals = {refusal for sender in afterwards.load.senders for refusal in sender.refusals}
    assert {(status, code) for status, code, _ in refusals} == {(503, "overloaded"), (503, "behind")}
    assert all(int(seconds) >= 1 for _, _, seconds in refusals)


def test_accepted_requests_are_answered_in_time(afterwards: Afterwards) -> None:
    """The requests in flight are bounded, so their time is: nobody waits behind everybody else."""
    times = sorted(seconds for sender in afterwards.load.senders for seconds in sender.seconds)
    assert len(times) > SENDERS
    assert times[len(times) * 99 // 100] < SLOWEST_ANSWER


def test_nothing_accepted_is_lost_and_nothing_refused_is_kept(afterwards: Afterwards) -> None:
    """Each person's timeline holds exactly what was acknowledged."""
    for sender in afterwards.load.senders:
        profile_id = afterwards.api.profile_id(anonymous_id=sender.person)
        timeline = afterwards.api.timeline(profile_id) if profile_id else []
        assert sorted(item["message_id"] for item in timeline) == sorted(sender.accepted)


def test_it_stays_ready_and_small(afterwards: Afterwards) -> None:
    """Refusing is working: /readyz is 200 throughout, and memory does not grow with what is refused."""
    load = afterwards.load
    assert set(load.ready) == {200}
    assert max(load.rss_mb) - load.rss_mb[0] < GROWTH_MB


def test_it_is_back_at_once(afterwards: Afterwards) -> None:
    """The first ordinary request after the overload succeeds, and reaches its lead."""
    assert afterwards.load.back_after < BACK_WITHIN
    (receipt,) = afterwards.api.scored(["afterwards"], "server")
    wait_for(lambda: afterwards.api.profile_id(anonymous_id="afterwards") == receipt["profile_id"], "its profile")
