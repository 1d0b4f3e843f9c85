"""Who a touchpoint says that it is about."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from leadflow.core.identity.normal_forms import MAX_LENGTH, Refused, normal_form
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

_REMEMBERED = 32_768  # values
_DEAR = frozenset(("email", "phone"))  # to parse
IN_PROPERTIES = frozenset(("email", "phone"))


class Identifiers(msgspec.Struct, frozen=True):
    """`kept`: strongest first, each once. `ignored`: (type, reason) of what was sent but identifies nobody."""

    kept: tuple[Identifier, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()


Ranked = tuple[tuple[int, float, str, str], Identifier]
"""An identifier behind what it sorts by, which no other one shares."""


Sent = Sequence[tuple[str, Any]]
"""What an event says about who sent it, before anyone has looked at it: (identifier type, value as JSON gave it)."""


def read_identifiers(event: Event, rules: IdentityRules) -> Identifiers:
    """All identifiers of an event in their normal forms."""
    return identify(sent_in(event, rules.in_traits), rules)


def identify(sent: Sent, rules: IdentityRules) -> Identifiers:
    """The normal forms of what was sent. What is null or empty is no news and not listed."""
    recall = None
    kept: dict[Ranked, None] = {}
    ignored: dict[tuple[str, str], None] = {}
    for kind, raw in sent:
        if raw is None:
            continue
        if kind in _DEAR and isinstance(raw, str) and len(raw) <= MAX_LENGTH:
            recall = recall or _memory(rules)
            found = recall(kind, raw)
        else:
            found = _identify(kind, raw, rules)
        if isinstance(found, Refused):
            ignored[kind, found.reason] = None
        elif found is not None:
            kept[found] = None
    ranked = sorted(kept) if len(kept) > 1 else kept
    return Identifiers(tuple([identifier for _, identifier in ranked]), tuple(ignored))


def _identify(kind: str, raw: Any, rules: IdentityRules) -> Ranked | Refused | None:
    """One value as an identifier, ready to be sorted; None for blank text."""
    if isinstance(raw, str) and not raw.strip():
        return None
    form = normal_form(kind, raw, rules)
    if isinstance(form, Refused):
        return form
    identifier = Identifier(kind, form)
    return sort_key(identifier, rules), identifier


@lru_cache(maxsize=4)
def _memory(rules: IdentityRules) -> Callable[[str, str], Ranked | Refused | None]:
    """What texts came to, by one set of rules. People come back."""

    @lru_cache(maxsize=_REMEMBERED)
    def recall(kind: str, text: str) -> Ranked | Refused | None:
        return _identify(kind, text, rules)

    return recall


def sent_in(event: Event, in_traits: frozenset[str]) -> Sent:
    """Where an event of each type holds identifiers. `in_traits`: those that traits may hold, in snake_case."""
    get = event.body.get
    sent = [("user_id", get("userId")), ("anonymous_id", get("anonymousId"))]
    if event.kind == "alias" and get("previousId") != get("userId"):
        sent.append(("anonymous_id", get("previousId")))
    if event.traits and event.kind != "group":  # the traits of a group call are the company's
        sent += named(event.traits, in_traits)
    if event.context_traits:
        sent += named(event.context_traits, in_traits)
    if event.properties and event.normal_name in CONVERSION_EVENTS:
        sent += named(event.properties, IN_PROPERTIES)
    if (device := event.context.get("device")) is not None:
        sent.append(("device_id", object_of(device).get("id")))
    return sent


def named(fields: Json, kinds: frozenset[str]) -> list[tuple[str, Any]]:
    """The fields of an object that name identifiers of these types, in whatever spelling."""
    return [(kind, value) for name, value in fields.items() if (kind := snake_case(name)) in kinds]
