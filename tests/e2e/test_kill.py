"""A server that dies in the middle of everything, again and again: nothing accepted is lost, nothing counts twice."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Thread
from typing import Any

import httpx
import pytest
from e2e import plain_http
from e2e.api import Api, Json
from e2e.server import SERVER, Server
from e2e.waiting import wait_for

PEOPLE = 6
STEPS = 40
KILLS = 3
RESEND_EVERY = 7  # a batch that was acknowledged long ago comes again, as from a client that had not heard it
APART = timedelta(hours=12)  # four searches a day: below the cap, so that each one that counted twice would show
PAUSE = 0.05


@dataclass(frozen=True)
class Person:
    """Somebody with two devices who becomes known in the middle."""

    number: int

    @property
    def devices(self) -> tuple[str, str]:
        """Return the ids of both devices."""
        return f"device-{self.number}-a", f"device-{self.number}-b"

    @property
    def email(self) -> str:
        """Return the address by which the devices turn out to be one person's."""
        return f"person-{self.number}@mail.example"

    def step(self, number: int, begin: datetime) -> list[Json]:
        """Return the batch of one step: two searches, and what else happens then."""
        one, two = self.devices
        at = begin + number * APART
        search: Json = {"type": "track", "event": "Search"}
        contact = {"email": self.email}
        events = [{**search, "anonymousId": one}, {**search, "anonymousId": two}]
        further: dict[int, Json] = {
            10: {"type": "identify", "anonymousId": one, "traits": contact},
            20: {"type": "identify", "anonymousId": two, "traits": contact},
            25: {"type": "track", "event": "Demo Requested", "anonymousId": one, "properties": contact},
            35: {"type": "track", "event": "Order Completed", "anonymousId": two},
        }
        if number in further:
            events.append(further[number])
        return [
            {**event, "messageId": f"kill-{self.number}-{number}-{n}", "timestamp": (at + n * APART / 12).isoformat()}
            for n, event in enumerate(events)
        ]


class Client(Thread):
    """Sends batches in order and keeps at each until it is acknowledged, whatever happens to the server."""

    def __init__(self, url: str, batches: list[list[Json]]) -> None:
        """Nothing is sent yet."""
        super().__init__()
        self.acknowledged = 0
        self.failures = 0
        self.unexpected: list[str] = []
        self._url = url
        self._batches = batches

    def run(self) -> None:
        """Send all of them."""
        with plain_http.client(base_url=self._url, timeout=10) as http:
            for number, batch in enumerate(self._batches):
                self._keep_at(http, batch)
                self.acknowledged += 1
                if number % RESEND_EVERY == 0:
                    self._keep_at(http, self._batches[number // 2])

    def _keep_at(self, http: httpx.Client, batch: list[Json]) -> None:
        while True:
            try:
                answer = http.post("/v1/batch", json={"batch": batch}, auth=(SERVER, ""))
            except httpx.TransportError:
                self.failures += 1
                time.sleep(PAUSE)  # nobody listens while it starts
                continue
            if answer.status_code == httpx.codes.OK:
                return
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" in answer.headers:
                time.sleep(PAUSE)  # it is about to be ready; SDKs come again
                continue
            self.unexpected.append(f"{answer.status_code} {answer.text}")
            time.sleep(PAUSE)


@dataclass(frozen=True)
class Aftermath:
    """What was sent, and the server after the last crash."""

    api: Api
    batches: list[list[Json]]
    client: Client

    def sent_by(self, person: Person) -> set[str]:
        """Return the message ids of one person."""
        begin = f"kill-{person.number}-"
        return {e["messageId"] for batch in self.batches for e in batch if e["messageId"].startswith(begin)}


@pytest.fixture(scope="module")
def aftermath(own_server: Server) -> Iterator[Aftermath]:
    """Kill the server several times under load, then let everything come to rest."""
    begin = datetime.now(UTC) - STEPS * APART - timedelta(days=1)
    batches = [Person(p).step(n, begin) for n in range(STEPS) for p in range(PEOPLE)]
    own_server.start().close()
    client = Client(own_server.url, batches)
    client.start()
    for kill in range(1, KILLS + 1):
        enough = kill * len(batches) // (KILLS + 1)
        wait_for(lambda enough=enough: client.acknowledged >= enough, f"{enough} acknowledged batches")
        own_server.kill()
        own_server.start().close()
    client.join()
    with Api(own_server.url, own_server.token) as api:
        api.scored((e["messageId"] for batch in batches for e in batch), "server")
        yield Aftermath(api, batches, client)


@pytest.mark.parametrize("number", range(PEOPLE))
def test_each_person_is_whole(aftermath: Aftermath, number: int) -> None:
    """Both devices are one profile, everything acknowledged stands in its timeline once and counts once."""
    api, person = aftermath.api, Person(number)
    profile_id = api.profile_id(email=person.email)
    assert profile_id is not None
    assert {api.profile_id(anonymous_id=device) for device in person.devices} == {profile_id}
    times = Counter(item["message_id"] for item in api.timeline(profile_id))
    assert times == dict.fromkeys(aftermath.sent_by(person), 1)
    shares = {share["rule"]: share for share in api.get(f"/leads/{profile_id}/explanation")["contributions"]}
    assert (shares["search"]["count"], shares["hand_raise"]["count"]) == (2 * STEPS, 1)
    assert api.get(f"/leads/{profile_id}")["stage"] == "customer"


def test_changes_have_no_holes_and_no_repeats(aftermath: Aftermath) -> None:
    """Each lead's changes are 1, 2, 3 … without a hole, each begins where the last one ended, no id comes twice."""
    changes = aftermath.api.changes()
    assert len({change["id"] for change in changes}) == len(changes)
    by_lead: dict[str, list[dict[str, Any]]] = {}
    for change in changes:
        by_lead.setdefault(change["profile_id"], []).append(change)
    for chain in by_lead.values():
        assert [change["sequence"] for change in chain] == list(range(1, len(chain) + 1))
        assert chain[0]["from"] == "visitor"
        assert all(one["to"] == following["from"] for one, following in pairwise(chain))
    customers = [chain for chain in by_lead.values() if chain[-1]["to"] == "customer"]
    assert len(customers) == PEOPLE


def test_clients_noticed_nothing_but_the_connection(aftermath: Aftermath) -> None:
    """A dying server cuts connections; it never answers with an error that would make an SDK drop events."""
    assert aftermath.client.unexpected == []
    assert aftermath.client.failures > 0


def test_funnel_counts_people(aftermath: Aftermath) -> None:
    """After all that there are as many leads as people."""
    stages = aftermath.api.get("/funnel")["stages"]
    assert {stage: count for stage, count in stages.items() if count} == {"customer": PEOPLE}


def test_a_clean_restart_changes_nothing(aftermath: Aftermath, own_server: Server) -> None:
    """Stopped and started once more, the server tells the same story: leads, changes, funnel and merges."""

    def told(api: Api) -> list[Any]:
        return [api.every("/leads"), api.changes(), api.get("/funnel"), api.every("/merges")]

    before = told(aftermath.api)
    own_server.stop()
    with own_server.start() as api:
        assert told(api) == before
