"""The mix of events: about 600 bytes each, as a browser's SDK would send them.

Of 100 events: 45 pages and 25 track calls without traits, 10 identify calls (user id, e-mail, phone and name), and 20
others: 6 screens, 5 group calls, 6 forms with an e-mail, 2 hand-raises, 1 alias. 5 of 100 come from somebody new.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bench.people import Crowd, Person

SIZE = 600
NEW_SHARE = 0.05
_NEW_FROM = 100_000_000  # numbers of people that nobody has met

_PATHS = ("/", "/pricing", "/blog/first-steps", "/product/leads", "/docs/start", "/about", "/careers", "/contact")
_NAMES = ("Product Viewed", "Content Viewed", "Video Played", "Feature Used", "Email Opened", "Search Performed")
_TITLES = ("Head of Marketing", "Founder", "Engineer", "Student", "Sales Manager")
_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)

Json = dict[str, Any]
Make = Callable[[Person, random.Random], Json]

encode = msgspec.json.Encoder().encode


def _page(_: Person, dice: random.Random) -> Json:
    path = dice.choice(_PATHS)
    return {"type": "page", "name": path.strip("/") or "home", "properties": {"path": path}}


def _track(_: Person, dice: random.Random) -> Json:
    properties = {"product_id": dice.randrange(1000), "category": "software", "position": dice.randrange(20)}
    return {"type": "track", "event": dice.choice(_NAMES), "properties": properties}


def _identify(person: Person, dice: random.Random) -> Json:
    traits = {
        "email": person.email,
        "phone": person.phone,
        "name": f"Person {person.number}",
        "title": dice.choice(_TITLES),
    }
    return {"type": "identify", "userId": person.user_id, "traits": traits}


def _screen(_: Person, dice: random.Random) -> Json:
    return {"type": "screen", "name": dice.choice(_NAMES), "properties": {"build": 117}}


def _group(person: Person, dice: random.Random) -> Json:
    traits = {"name": f"Company {person.number % 997}", "employees": dice.choice((5, 40, 400, 4000))}
    return {"type": "group", "groupId": f"company-{person.number % 997}", "traits": traits}


def _form(person: Person, _: random.Random) -> Json:
    return {"type": "track", "event": "Form Submitted", "properties": {"email": person.email, "form": "newsletter"}}


def _hand_raise(person: Person, _: random.Random) -> Json:
    properties = {"email": person.email, "need": "a demo for our sales team"}
    return {"type": "track", "event": "Demo Requested", "properties": properties}


def _alias(person: Person, _: random.Random) -> Json:
    return {"type": "alias", "userId": person.user_id, "previousId": person.anonymous_id}


_MIX: tuple[tuple[Make, int], ...] = (
    (_page, 45),
    (_track, 25),
    (_identify, 10),
    (_screen, 6),
    (_group, 5),
    (_form, 6),
    (_hand_raise, 2),
    (_alias, 1),
)
_MAKES = tuple(make for make, _ in _MIX)
_SHARES = tuple(itertools.accumulate(share for _, share in _MIX))


class Events:
    """An endless, seeded stream of the mix; message ids never repeat for the same `name` of a stream."""

    def __init__(self, crowd: Crowd, *, seed: int = 1, name: str = "bench") -> None:
        self._crowd = crowd
        self._dice = random.Random(seed)  # noqa: S311  a draw to repeat, not a secret
        self._name = name
        self._numbers = itertools.count()
        self._new = itertools.count(_NEW_FROM + seed * 1_000_000)

    def take(self, count: int) -> Iterator[bytes]:
        """Make the next events."""
        return (self._next() for _ in range(count))

    def _next(self) -> bytes:
        make = self._dice.choices(_MAKES, cum_weights=_SHARES)[0]
        new = self._dice.random() < NEW_SHARE
        person = Person(next(self._new)) if new else self._crowd.someone()
        return event(make(person, self._dice), person, f"{self._name}-{next(self._numbers):012d}")

    def evidence(self, count: int) -> Iterator[bytes]:
        """Make identify calls of people whom nobody has met: each brings news about identity, several identifiers."""
        for _ in range(count):
            person = Person(next(self._new))
            yield event(_identify(person, self._dice), person, f"{self._name}-{next(self._numbers):012d}")


def event(body: Json, person: Person, message_id: str, at: datetime | None = None) -> bytes:
    """Complete an event as an SDK does, and fill it up to `SIZE` bytes."""
    moment = at or datetime.now(UTC)
    path = body.get("properties", {}).get("path", "/pricing")
    filled = {
        **body,
        "messageId": message_id,
        "anonymousId": person.anonymous_id,
        "originalTimestamp": _text(moment - timedelta(seconds=1)),
        "sentAt": _text(moment),
        "context": {
            "library": {"name": "analytics.js", "version": "2.11.1"},
            "page": {"path": path, "url": f"https://www.shop.example{path}", "referrer": "", "title": "The shop"},
            "userAgent": _AGENT,
            "locale": "vi-VN",
        },
    }
    if person.known and "userId" not in filled:
        filled["userId"] = person.user_id
    missing = SIZE - len(encode(filled))
    if missing > len(',"padding":""'):
        filled["context"]["padding"] = "." * (missing - len(',"padding":""'))
    return encode(filled)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
