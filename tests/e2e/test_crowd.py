"""Many people at once, by several clients, in any order, with repeats: each ends up as one person, counted exactly."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from random import Random

import httpx
import pytest
from e2e import plain_http
from e2e.api import Api, Json
from e2e.server import WEB, Server

PEOPLE = 30
CLIENTS = 6
SEED = 20261121  # of the order only: what comes of it must not depend on it
APART = timedelta(hours=7)  # so that no cap of a day binds: each touchpoint that counted twice would show


@dataclass(frozen=True)
class Person:
    """Somebody with four devices, three e-mail addresses and two numbers, all within the limits of one profile."""

    number: int
    begin: datetime

    @cached_property
    def identifiers(self) -> list[tuple[str, str]]:
        """Return everything that names the person, as (where it is sent, value)."""
        n = self.number
        return [
            *(("anonymousId", f"crowd-{n}-{k}") for k in range(4)),
            *(("email", f"crowd-{n}-{k}@mail.example") for k in range(3)),
            *(("phone", f"+8490{k}{n:03d}{n * 7 % 1000:03d}") for k in range(2)),
        ]

    def touchpoints(self, random: Random) -> list[Json]:
        """Return searches that tie all identifiers together along a random tree, a demo request and a form."""
        shuffled = random.sample(self.identifiers, len(self.identifiers))
        tree = [(one, shuffled[random.randrange(n)]) for n, one in enumerate(shuffled) if n]
        device = self.identifiers[0]
        # Two devices, or two addresses, are tied by each being seen together with something of another kind.
        links = [
            link
            for one, other in tree
            for link in ([(device, one), (device, other)] if one[0] == other[0] else [(one, other)])
            if link[0] != link[1]
        ]
        said = [("Search", {**dict(link), "userId": f"crowd-{self.number}"}) for link in links]
        said += [("Demo Requested", dict([self.identifiers[1]])), ("Form Submitted", dict([self.identifiers[2]]))]
        return [self._event(n, name, named) for n, (name, named) in enumerate(said)]

    def _event(self, number: int, name: str, named: dict[str, str]) -> Json:
        contacts = {kind: value for kind, value in named.items() if kind in {"email", "phone"}}
        return {
            "type": "track",
            "event": name,
            "messageId": f"crowd-{self.number}-{number}",
            "timestamp": (self.begin - number * APART).isoformat(),
            "context": {"traits": contacts},
            **{kind: value for kind, value in named.items() if kind not in contacts},
        }


@dataclass(frozen=True)
class Crowd:
    """What was sent, by person, and the server that has heard it."""

    api: Api
    sent: dict[Person, list[Json]]


def post(url: str, batches: Sequence[list[Json]]) -> None:
    """Send batches one after the other."""
    with plain_http.client(base_url=url, timeout=30) as http:
        for batch in batches:
            answer = http.post("/v1/batch", json={"batch": batch}, auth=(WEB, ""))
            assert answer.status_code == httpx.codes.OK, answer.text


@pytest.fixture(scope="module")
def crowd(own_server: Server) -> Iterator[Crowd]:
    """Send everything shuffled, a quarter of it twice, in batches of any size, by several clients at once."""
    random = Random(SEED)  # noqa: S311  # a repeatable order, no secret
    people = [Person(number, datetime.now(UTC)) for number in range(PEOPLE)]
    sent = {person: person.touchpoints(random) for person in people}
    events = [event for events in sent.values() for event in events]
    events += random.sample(events, len(events) // 4)
    random.shuffle(events)
    batches: list[list[Json]] = []
    while events:
        size = random.choice((1, 1, 2, 5, 20))
        batches.append(events[:size])
        events = events[size:]
    with own_server.start() as api:
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(post, [api.url] * CLIENTS, [batches[n::CLIENTS] for n in range(CLIENTS)]))
        api.scored(event["messageId"] for events in sent.values() for event in events)
        yield Crowd(api, sent)


def test_identity_converges(crowd: Crowd) -> None:
    """Every identifier of a person leads to the same profile, and no two people share one."""
    names = {"anonymousId": "anonymous_id"}
    profiles = []
    for person in crowd.sent:
        asked = [{names.get(kind, kind): value} for kind, value in person.identifiers]
        found = {crowd.api.profile_id(**one) for one in asked}
        assert len(found) == 1, person.number
        profiles += found
    assert None not in profiles
    assert len(set(profiles)) == PEOPLE


def test_everything_counts_once(crowd: Crowd) -> None:
    """Each lead holds exactly what its person did, and has become an MQL."""
    for person, events in crowd.sent.items():
        profile_id = crowd.api.profile_id(anonymous_id=person.identifiers[0][1])
        assert profile_id is not None
        times = Counter(item["message_id"] for item in crowd.api.timeline(profile_id))
        assert times == dict.fromkeys((event["messageId"] for event in events), 1), person.number
        explained = crowd.api.get(f"/leads/{profile_id}/explanation")
        counts = {share["rule"]: share["count"] for share in explained["contributions"]}
        assert (counts["search"], counts["hand_raise"], counts["form"]) == (len(events) - 2, 1, 1), person.number
        assert explained["stage"] == "mql"


def test_changes_are_whole(crowd: Crowd) -> None:
    """Each profile's changes are numbered without a hole, and each adds up to the last digit."""
    chains: dict[str, list[Json]] = {}
    for change in crowd.api.changes():
        chains.setdefault(change["profile_id"], []).append(change)
        shares = (Decimal(str(share["points"])) for share in change["contributions"])
        assert sum(shares, Decimal()) == Decimal(str(change["score"]["total"]))
    assert len(chains) >= PEOPLE
    for chain in chains.values():
        assert [change["sequence"] for change in chain] == list(range(1, len(chain) + 1))


def test_lists_and_funnel_agree(crowd: Crowd) -> None:
    """The list of leads, in either order, and the funnel hold each person once."""
    for sort in ("-score", "since"):
        listed = crowd.api.every("/leads", size=7, sort=sort)
        assert len({lead["profile_id"] for lead in listed}) == len(listed) == PEOPLE
    totals = [lead["score"]["total"] for lead in crowd.api.every("/leads", sort="-score")]
    assert totals == sorted(totals, reverse=True)
    assert crowd.api.get("/funnel")["stages"]["mql"] == crowd.api.get("/funnel")["total"] == PEOPLE
