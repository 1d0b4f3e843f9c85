"""Who a touchpoint says that it is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadflow.core.identity.normal_forms import Refused, normal_form
from leadflow.core.identity.rules import IdentityRules, sort_key
from leadflow.core.names import snake_case
from leadflow.core.reading.event import Event, Json, object_of
from leadflow.core.touchpoint import Identifier

CONVERSION_EVENTS = frozenset(
    (
        "form submitted",
        "newsletter subscribed",
        "signed up",
        "account created",
        "ebook downloaded",
        "file downloaded",
        "webinar registered",
        "webinar attended",
        "workshop attended",
        "event checked in",
        "trial started",
        "checkout started",
        "lead ad form submitted",
        "lead form submitted",
        "demo requested",
        "quote requested",
        "consultation requested",
        "meeting requested",
    )
)
"""Events with which people leave their contact on purpose, in the normal form of names."""

_IN_PROPERTIES = frozenset(("email", "phone"))


@dataclass(frozen=True, slots=True)
class Identifiers:
    """`kept`: strongest first, each once. `ignored`: (type, reason) of what was sent but identifies nobody."""

    kept: tuple[Identifier, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()


def read_identifiers(event: Event, rules: IdentityRules) -> Identifiers:
    """All identifiers of an event in their normal forms. What was not sent, null or empty is no news and not listed."""
    kept: dict[Identifier, None] = {}
    ignored: dict[tuple[str, str], None] = {}
    for kind, raw in _sent(event, rules.in_traits):
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            continue
        form = normal_form(kind, raw, rules)
        if isinstance(form, Refused):
            ignored[kind, form.reason] = None
        else:
            kept[Identifier(kind, form)] = None
    return Identifiers(tuple(sorted(kept, key=lambda one: sort_key(one, rules))), tuple(ignored))


def _sent(event: Event, in_traits: frozenset[str]) -> Iterator[tuple[str, Any]]:
    body = event.body
    yield "user_id", body.get("userId")
    yield "anonymous_id", body.get("anonymousId")
    if event.kind == "alias" and body.get("previousId") != body.get("userId"):
        yield "anonymous_id", body.get("previousId")
    if event.kind != "group":  # the traits of a group call are the company's
        yield from _named(event.traits, in_traits)
    yield from _named(event.context_traits, in_traits)
    if event.normal_name in CONVERSION_EVENTS:
        yield from _named(event.properties, _IN_PROPERTIES)
    yield "device_id", object_of(event.context.get("device")).get("id")


def _named(fields: Json, kinds: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if (kind := snake_case(name)) in kinds:
            yield kind, value
