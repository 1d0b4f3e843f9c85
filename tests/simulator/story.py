"""What people do in a run: a few persons with many identifiers, each touchpoint in an hour of its own."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from simulator.scenarios import Scenario

from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.time import HOUR

START = 1_790_000_000_000  # 2026-09-21T13:33:20Z
POISON = b'"poison":'


def is_poison(body: bytes, hop: str) -> bool:
    """Whether a hop cannot process a body."""
    return POISON in body and f'"poison_at":"{hop}"'.encode() in body


_EVENTS = ("Form Submitted", "Demo Requested", "Pricing Viewed", "Email Clicked", "Signed In", "Order Refunded")
_ACTIONS: tuple[Mapping[str, Any], ...] = (
    {"action": "contact", "channel": "phone", "outcome": "reached"},
    {"action": "bant", "need": {"met": True, "value": "a CRM"}},
    {"action": "accept"},
    {"action": "reject", "reason": "student"},
    {"action": "override", "stage": "sql", "reason": "met at a fair"},
)
_PERSONS = 5


def touchpoints_of(scenario: Scenario, chance: random.Random) -> list[Touchpoint]:
    """The touchpoints of a run in the order in which they are received. Actions have no target yet."""
    numbers = list(range(scenario.touchpoints))
    poisoned = set(chance.sample(numbers, scenario.poison))
    actions = set(chance.sample(numbers[3:], scenario.actions))
    story: list[Touchpoint] = []
    for number in numbers:
        if number in actions:
            kind, body = "action", {**chance.choice(_ACTIONS), "actor": "minh"}
        else:
            kind, body = "track", _event(scenario, chance)
        if number in poisoned and kind == "track":
            body["poison"] = chance.choice((1, 1, 2))  # how many repairs it takes
            body["poison_at"] = scenario.poisoned[number % len(scenario.poisoned)]
        story.append(_touchpoint(number, kind, body, chance))
    if chance.random() < 0.5:
        story.append(_touchpoint(len(story), "track", {"event": "Pricing Viewed"}, chance))  # nobody's
    return story


def _touchpoint(number: int, kind: str, body: Mapping[str, Any], chance: random.Random) -> Touchpoint:
    return Touchpoint(
        message_id=f"m{number}",
        source="admin" if kind == "action" else "web",
        type=kind,  # type: ignore[arg-type]
        at=START - (chance.randint(0, 20) * 40 + number) * HOUR,
        received_at=START + number - chance.randint(0, 3),
        body=encoded(body),
    )


def encoded(body: Mapping[str, Any]) -> msgspec.Raw:
    """A body as a client would send it."""
    return msgspec.Raw(json.dumps(body, separators=(",", ":")).encode())


def repaired(touchpoint: Touchpoint) -> Touchpoint:
    """The touchpoint as somebody has repaired it, once more if it takes several attempts."""
    body = json.loads(bytes(touchpoint.body))
    left = body.pop("poison", 0) - 1
    if left > 0:
        body["poison"] = left
    return msgspec.structs.replace(touchpoint, body=encoded(body), repair=touchpoint.repair + 1)


def _event(scenario: Scenario, chance: random.Random) -> dict[str, Any]:
    body: dict[str, Any] = {"event": chance.choice(_EVENTS)}
    fields = _lone(scenario, chance) if scenario.lone else _fields(scenario, chance)
    for field, value in fields:
        if field == "email":
            body["traits"] = {"email": value, "title": chance.choice(("CEO", "Intern"))}
        else:
            body[field] = value
    return body


def _fields(scenario: Scenario, chance: random.Random) -> Sequence[tuple[str, str]]:
    """One to three identifiers of different types."""
    choices = [
        ("anonymousId", f"a{chance.randint(1, _PERSONS)}"),
        ("email", f"e{chance.randint(1, 3)}@acme.test"),
        ("userId", f"u{chance.randint(1, 3)}" if scenario.limits else "u1"),
    ]
    if not scenario.limits and chance.random() < 0.5:
        choices.pop()
    return chance.sample(choices, min(len(choices), chance.choice((1, 1, 2, 2, 3))))


def _lone(scenario: Scenario, chance: random.Random) -> Sequence[tuple[str, str]]:
    """One identifier of many, now and then two."""
    choices = [("anonymousId", f"a{chance.randint(1, 12)}"), ("email", f"e{chance.randint(1, 6)}@acme.test")]
    if scenario.limits:
        choices.append(("userId", f"u{chance.randint(1, 4)}"))
    return chance.sample(choices, chance.choice((1, 1, 1, 2)))
