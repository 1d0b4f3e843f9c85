"""A small world for the admin API: log and store in memory, people with the documents that the pipeline would write."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.collections import IDENTITIES, LEADS, MERGES, PROFILES, TOUCHPOINTS, Collection
from leadflow.contracts.documents import IdentityDoc, LeadDoc, MergeDoc, ProfileDoc, TouchpointDoc
from leadflow.contracts.resolved import Link, Resolved, ResolvedRecord
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.forest import LinkField
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import shipped_model
from leadflow.core.time import HOUR, from_rfc3339
from leadflow.core.touchpoint import Identifier
from leadflow.pipeline.scoring.lead import Judge, apply, finish
from leadflow.ports import Emit
from leadflow_admin_api.app import create_app
from leadflow_admin_api.context import Context
from leadflow_admin_api.settings import AdminSettings

NOW = from_rfc3339("2026-11-21T12:00:00Z")
TOKEN = "made-up-admin-token"


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is set."""

    instant: int = NOW

    def now(self) -> int:
        """The instant that was set."""
        return self.instant


@dataclass(slots=True)
class World:
    """The ports, the application in front of them, and how people come to be."""

    log: MemoryLog
    store: MemoryStore
    clock: FixedClock
    hasher: Hasher
    settings: AdminSettings
    app: FastAPI
    client: httpx.AsyncClient
    positions: dict[str, int] = field(default_factory=dict)

    async def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = await self.client.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, status: int, **parameters: Any) -> Any:
        """The problem document of a GET that must fail."""
        answer = await self.client.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    async def person(self, pid: str, *identifiers: tuple[str, str], at: int = NOW - HOUR) -> str:
        """A profile with identifiers and no touchpoint yet."""
        keys = [self.hasher.identifier(Identifier(*each)) for each in identifiers]
        claims = [
            (key, IdentityDoc(type=kind, value=value, leaf=pid, first_seen=at, source="website"))
            for key, (kind, value) in zip(keys, identifiers, strict=True)
        ]
        await self.store.insert(IDENTITIES, claims)
        profile = ProfileDoc(order=(at, pid), ids=dict.fromkeys(keys, ()), members=(pid,))
        await self.store.insert(PROFILES, [(pid, profile)])
        return pid

    async def touch(
        self,
        pid: str,
        body: dict[str, Any],
        at: int = NOW - HOUR,
        contacts: Sequence[tuple[str, str]] = (),
        **envelope: Any,
    ) -> TouchpointDoc:
        """A touchpoint that went all the way: its document, and the lead that counted it."""
        position = self.positions[pid] = self.positions.get(pid, -1) + 1
        message_id = body.get("messageId", f"{pid}-{position}")
        known = {"source": "website", "type": body["type"], "at": at, "received_at": at} | envelope
        touchpoint = Touchpoint(message_id=message_id, body=msgspec.Raw(json.dumps(body).encode()), **known)
        document = await self.arrive(pid, touchpoint, position)
        await self.fold(pid, self.resolved(pid, document, contacts))
        return document

    async def arrive(self, pid: str, touchpoint: Touchpoint, position: int) -> TouchpointDoc:
        """Write a touchpoint's document as the processor does."""
        document = TouchpointDoc(
            pos=(0, position),
            via="tp",
            at=touchpoint.at,
            received_at=touchpoint.received_at,
            source=touchpoint.source,
            message_id=touchpoint.message_id,
            ids=(),
            keys=(),
            value=touchpoint,
            addr=pid,
            src=(f"t{pid}", position),
        )
        key = self.hasher.touchpoint(touchpoint.source, touchpoint.message_id)
        assert all(await self.store.insert(TOUCHPOINTS, [(key, document)]))
        return document

    def resolved(self, pid: str, document: TouchpointDoc, contacts: Sequence[tuple[str, str]]) -> Resolved:
        """The record by which a touchpoint reaches its lead."""
        assert document.value is not None
        assert document.src is not None
        return Resolved(
            to=pid,
            touchpoint=self.hasher.touchpoint(document.source, document.message_id),
            pos=document.pos,
            src=document.src,
            ids=(),
            contacts=tuple(contacts),
            value=document.value,
        )

    async def fold(self, pid: str, *records: ResolvedRecord) -> LeadDoc:
        """Apply records to a lead as the scorer does; what it would send to others is returned with it."""
        [stored] = await self.store.get(LEADS, [pid])
        lead = stored.value if stored else LeadDoc()
        judge = Judge(pid, self.settings.model, self.clock.now())
        for record in records:
            lead = apply(lead, lead.pos + 1, record, judge)
            lead = msgspec.structs.replace(lead, pos=lead.pos + 1)
        lead = finish(lead, judge)
        if stored is None:
            await self.store.insert(LEADS, [(pid, lead)])
        else:
            await self.store.replace(LEADS, [(pid, lead, stored.rev)])
        return lead

    async def arrive_only(self, pid: str, number: int) -> None:
        """A page view that is on the timeline, and nowhere else."""
        touchpoint = Touchpoint(
            message_id=f"m{number}",
            source="website",
            type="page",
            at=NOW - HOUR + number,
            received_at=NOW,
            body=msgspec.Raw(b"{}"),
        )
        await self.arrive(pid, touchpoint, number)

    async def merge(self, loser: str, winner: str, *, at: int = NOW, fold: bool = True) -> None:
        """Link one root below another: identity, ledger and (with `fold`) both leads."""
        below, above = await self.store.get(PROFILES, [loser, winner])
        assert below is not None
        assert above is not None
        gen = below.value.gen + 1
        link = LinkField(parent=winner, gen=gen, at=at, cause="m-merge")
        await self.change(PROFILES, loser, link=link, gen=gen)
        ids = {**above.value.ids, **below.value.ids}
        await self.change(PROFILES, winner, ids=ids, members=above.value.members + below.value.members)
        ledger = MergeDoc(
            winner=winner,
            loser=loser,
            at=at,
            message_id="m-merge",
            identifiers=tuple(below.value.ids),
            state="merged",
            gen=gen,
        )
        await self.store.insert(MERGES, [(f"{loser}.{gen}", ledger)])
        if fold:
            child = await self.fold(loser, Link(to=loser, parent=winner, gen=gen, at=at, cause="m-merge"))
            await self.fold(winner, *self.to_parent(child))

    def to_parent(self, child: LeadDoc) -> list[ResolvedRecord]:
        """The records that a lead's outbox holds for other leads, the latest only."""
        sent = [entry for entry in child.outbox if entry.topic == topics.RESOLVED]
        return [msgspec.json.decode(entry.value, type=ResolvedRecord) for entry in sent[-1:]]

    async def change(self, collection: Collection[Any], key: str, **fields: Any) -> None:
        """Change some fields of a document."""
        [stored] = await self.store.get(collection, [key])
        assert stored is not None
        changed = msgspec.structs.replace(stored.value, **fields)
        assert all(await self.store.replace(collection, [(key, changed, stored.rev)]))

    async def publish(self, partition: int, *changes: dict[str, Any]) -> None:
        """Put stage changes into one partition of their topic."""
        await self.log.append(
            [
                Emit(
                    topic=topics.STAGE_CHANGES,
                    key=change["profile_id"],
                    value=json.dumps(change).encode(),
                    partition=partition,
                )
                for change in changes
            ]
        )


@pytest.fixture(scope="session")
def app() -> FastAPI:
    """The application, assembled once: that takes longer than most tests."""
    settings = AdminSettings(
        token=TOKEN,
        model=shipped_model(),
        rules=IdentityRules(custom_types=("loyalty_id",)),
        sources=("website", "shop", "admin"),
        action_wait_seconds=0.2,
    )
    return create_app(MemoryLog(), MemoryStore(), FixedClock(), Hasher(b"0123456789abcdef"), settings)


@pytest.fixture
async def world(app: FastAPI) -> AsyncIterator[World]:
    """An empty world."""
    settings, hasher = app.state.context.settings, app.state.context.hasher
    clock, store = FixedClock(), MemoryStore()
    log = MemoryLog(partitions=2, clock=clock)
    known = app.state.context
    app.state.context = Context(log, store, clock, hasher, settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://leadflow", headers=headers) as client:
        yield World(log, store, clock, hasher, settings, app, client)
    app.state.context = known
