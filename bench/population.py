"""Profiles that are there before a run begins: documents as the pipeline would have left them, written in bulk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import TypeVar

import msgspec

from bench.events import event
from bench.people import KNOWN_EVERY, Person
from bench.workbench import HASHER, RULES, SOURCE, Workbench, taken
from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.contracts.collections import IDENTITIES, LEADS, PROFILES, TOUCHPOINTS, Collection
from leadflow.contracts.documents import IdentityDoc, LeadDoc, ProfileDoc, TouchpointDoc
from leadflow.contracts.lead import LeadScore
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.normal_forms import normal_form
from leadflow.core.time import from_datetime
from leadflow.core.touchpoint import Identifier
from leadflow.ports import Emit, Store

TEMPLATES = 10 * KNOWN_EVERY  # histories of different lengths, shared by the people
_LONGEST_HISTORY = 8
_CHUNK = 20_000  # people; the more at once, the less often a page of an index is written
_BEFORE = timedelta(days=20)

D = TypeVar("D", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Template:
    """A lead with a history, and what it published: everybody's, but for the name."""

    lead: LeadDoc
    score: LeadScore


async def populate(store: Store, size: int, *, touchpoints: int = 1) -> None:
    """Write `size` people with their identities, profiles, leads, and so many touchpoints each."""
    leads = await _templates()
    visits = {known: _visit(known=known) for known in (True, False)}
    born = from_datetime(datetime.now(UTC) - _BEFORE)
    people = (Person(number) for number in range(size))
    while chunk := list(islice(people, _CHUNK)):
        keyed = [(person, *_identifiers(person)) for person in chunk]
        await _insert(store, PROFILES, (_profile(keys, born) for _, _, keys in keyed))
        await _insert(store, IDENTITIES, (doc for _, ids, keys in keyed for doc in _claims(ids, keys, born)))
        await _insert(store, LEADS, ((_leaf(keys), _lead(leads, person, keys)) for person, _, keys in keyed))
        for number in range(touchpoints):
            await _insert(
                store, TOUCHPOINTS, (visits[person.known](person, keys, born, number) for person, _, keys in keyed)
            )


async def _insert(store: Store, collection: Collection[D], documents: Iterator[tuple[str, D]]) -> None:
    done = await store.insert(collection, list(documents))
    if not all(done):
        raise ValueError(f"{collection.name}: two people of the benchmark share a key")


def _identifiers(person: Person) -> tuple[list[Identifier], list[str]]:
    """What Leadflow knows of a person, the browser's id last, and the keys in the same order."""
    raw = [("user_id", person.user_id), ("email", person.email), ("phone", person.phone)] if person.known else []
    found = [(kind, normal_form(kind, value, RULES)) for kind, value in (*raw, ("anonymous_id", person.anonymous_id))]
    identifiers = [Identifier(kind, form) for kind, form in found if isinstance(form, str)]
    return identifiers, list(map(HASHER.identifier, identifiers))


def _leaf(keys: list[str]) -> str:
    """The profile that the browser's id founded; all later identifiers were claimed for it."""
    return HASHER.profile(keys[-1], 0)


def _profile(keys: list[str], born: int) -> tuple[str, ProfileDoc]:
    pid = _leaf(keys)
    return pid, ProfileDoc(order=(born, pid), ids=dict.fromkeys(keys, ()), members=(pid,))


def _claims(identifiers: list[Identifier], keys: list[str], born: int) -> Iterator[tuple[str, IdentityDoc]]:
    for identifier, key in zip(identifiers, keys, strict=True):
        yield (
            key,
            IdentityDoc(
                type=identifier.type, value=identifier.value, leaf=_leaf(keys), first_seen=born, source=SOURCE.name
            ),
        )


def _lead(templates: list[Template], person: Person, keys: list[str]) -> LeadDoc:
    template = templates[person.number % TEMPLATES]
    score = msgspec.structs.replace(template.score, profile_id=_leaf(keys))
    return msgspec.structs.replace(template.lead, score=msgspec.Raw(msgspec.json.encode(score)))


_Visit = Callable[[Person, list[str], int, int], tuple[str, TouchpointDoc]]
"""(person, their identifiers' keys, first time, number of the visit) -> the key and the document of a page they saw."""


def _visit(*, known: bool) -> _Visit:
    """Read one page by the observer's own code; all others are it, with other names in it."""
    model = Person(KNOWN_EVERY if known else KNOWN_EVERY + 1)
    named = f"before-{model.number}"
    page = msgspec.json.decode(_page(model, named).value or b"", type=Touchpoint)
    body = bytes(page.body)

    def visit(person: Person, keys: list[str], born: int, number: int) -> tuple[str, TouchpointDoc]:
        message_id = f"before-{person.number}-{number}"
        told = body.replace(named.encode(), message_id.encode())
        told = told.replace(model.anonymous_id.encode(), person.anonymous_id.encode())
        told = told.replace(model.user_id.encode(), person.user_id.encode())
        value = msgspec.structs.replace(page, message_id=message_id, body=msgspec.Raw(told))
        return _touchpoint(person, value, keys, born + number, born)

    return visit


def _touchpoint(
    person: Person, value: Touchpoint, keys: list[str], at: int, received_at: int
) -> tuple[str, TouchpointDoc]:
    key = keys[-1]
    document = TouchpointDoc(
        pos=(0, -1),
        via="tp",
        at=at,
        received_at=received_at,
        source=SOURCE.name,
        message_id=value.message_id,
        ids=(("anonymous_id", person.anonymous_id),),
        keys=(key,),
        value=value,
        addr=_leaf(keys),
        src=("t0", -1),
        kept=(key,),
    )
    return HASHER.touchpoint(SOURCE.name, value.message_id), document


def _page(person: Person, message_id: str) -> Emit:
    body = {"type": "page", "properties": {"path": "/blog/first-steps"}}
    return taken(event(body, person, message_id), from_datetime(datetime.now(UTC)))


async def _templates() -> list[Template]:
    """Let a few people have a history in the real pipeline; their leads are everybody's."""
    clock = SystemClock()
    bench = Workbench(MemoryLog(partitions=1, clock=clock), MemoryStore(), clock)
    dice = Random(7)  # noqa: S311  a draw to repeat, not a secret
    for number in range(TEMPLATES):
        await bench.send(_history(Person(number), dice.randint(1, _LONGEST_HISTORY)))
    for hop in (bench.processor, bench.resolver, bench.scoring):
        await bench.drain(hop)
    strongest = [_identifiers(Person(number))[1][0] for number in range(TEMPLATES)]
    claims = await bench.store.get(IDENTITIES, strongest)
    found = await bench.store.get(LEADS, [claim.value.leaf or "" for claim in claims if claim is not None])
    return [_rested(stored.value) for stored in found if stored is not None]


def _history(person: Person, length: int) -> Iterator[bytes]:
    """Pages in the past, and a call that tells who it was if they are known."""
    before = datetime.now(UTC) - _BEFORE
    for number in range(length):
        page = {"type": "page", "properties": {"path": f"/blog/{number}"}}
        yield event(page, person, f"{person.number}-{number}", before + timedelta(hours=number))
    if person.known:
        traits = {"email": person.email, "phone": person.phone, "name": f"Person {person.number}"}
        identify = {"type": "identify", "userId": person.user_id, "traits": traits}
        yield event(identify, person, f"{person.number}-told", before + timedelta(hours=length))


def _rested(lead: LeadDoc) -> Template:
    """A lead as if all its records had long been committed."""
    score = lead.published()
    if score is None:
        raise ValueError("a lead of the benchmark has no score")
    return Template(msgspec.structs.replace(lead, marks={}, pos=-1, outbox=()), score)
