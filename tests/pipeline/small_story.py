"""A little story that takes every way through the pipeline, told to real hops by somebody who does not give up."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from pipeline.aftermath import Aftermath, broken, read_aftermath
from pipeline.in_memory import MODEL, NOW, FixedClock, touchpoint
from pipeline.one_request import post

from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.time import HOUR
from leadflow.core.touchpoint import Identifier
from leadflow.pipeline.hop import Hop, Surroundings, run_hop
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.ports import Assignment, Emit, Log, Record, Store, Unavailable
from leadflow_observer.app import create_app
from leadflow_processor import service as processor_service
from leadflow_scoring import service as scoring_service

KEY = "k1"
HASHER = Hasher(b"a secret of the tests")
LIVES = 40  # more than any single fault costs
POISON = "poison"

Json = dict[str, Any]


class Crash(BaseException):
    """The process ends here: nothing of it goes on."""


def _event(number: int, kind: str, **fields: Any) -> Json:
    return {"type": kind, "messageId": f"m{number}", "timestamp": "2026-09-20T10:00:00Z", **fields}


_PRICING = {"context": {"page": {"path": "/pricing"}}}
_LAN = {"email": "lan@acme.test"}
_FIRST = _event(1, "page", anonymousId="d1", **_PRICING)
_ACCEPT = touchpoint(
    "sales-1",
    type="action",
    source="admin",
    at=NOW + HOUR,
    target=HASHER.profile(HASHER.identifier(Identifier("anonymous_id", "d1")), 0),
    body={"action": "accept", "actor": "minh"},
)
WAVES: tuple[tuple[Sequence[Json], ...], ...] = (
    (  # lone devices, the straight path; somebody without a name
        [_FIRST],
        [_event(2, "page", anonymousId="d2", **_PRICING), _event(3, "track", event="Search", userId="null")],
        [_event(4, "track", event="Search", anonymousId="d1"), _event(13, "page", anonymousId="d9")],
    ),
    (  # evidence: a claim, a merge of two leads; something that scoring cannot count
        [_event(5, "identify", anonymousId="d1", traits=_LAN)],
        [_event(6, "track", event="Form Submitted", anonymousId="d2", properties={**_LAN, "phone": "+84901234567"})],
        [_event(7, "track", event="Search", anonymousId="d2", properties={"q": POISON})],
        [_event(8, "page", userId="u1", **_PRICING)],
    ),
    (  # a third one joins, a fourth must not; duplicates
        [_event(9, "identify", userId="u1", traits=_LAN), _event(10, "identify", userId="u2", traits=_LAN)],
        [_FIRST, _event(11, "track", event="Demo Requested", userId="u1", properties=_LAN)],
    ),
    ([], [_event(12, "track", event="Order Completed", anonymousId="d2")]),  # sales accept the lead, then an order
)
SENT = frozenset(event["messageId"] for wave in WAVES for request in wave for event in request)


class Ground:
    """What outlives a process: gives log and store to each new one. Raises Crash if that cannot start."""

    @asynccontextmanager
    async def ports(self) -> AsyncIterator[tuple[Log, Store]]:
        """The ports of one process."""
        raise AssertionError("each ground has its own")
        yield  # an iterator, as its heirs


@dataclass(slots=True)
class Teller:
    """Sends each request until it is acknowledged and lets the hops work; after a crash a new process goes on.

    `done`: how many steps of the story are behind it. `refusals`: how often it was told to come later.
    """

    ground: Ground
    clock: FixedClock = field(default_factory=FixedClock)
    done: int = 0
    refusals: int = 0
    lives: int = 0

    async def tell(self) -> None:
        """The rest of the story. AssertionError for an answer that no client should get."""
        steps: list[Callable[[Log, Store], Awaitable[None]]] = []
        for wave in WAVES:
            steps += [partial(self._send, request) for request in wave]
            steps.append(self._work)
        while self.done < len(steps):
            self.lives += 1
            assert self.lives <= LIVES, "it does not come to an end"
            try:
                await self._live(steps)
            except* Crash:
                pass  # the next process goes on

    async def _live(self, steps: Sequence[Callable[[Log, Store], Awaitable[None]]]) -> None:
        """One process: what it has done is not done again."""
        async with self.ground.ports() as (log, store):
            while self.done < len(steps):
                self.clock.instant = NOW + HOUR + self.done  # by the step, however often it is tried
                await steps[self.done](log, store)
                self.done += 1

    async def _send(self, request: Sequence[Json], log: Log, store: Store) -> None:
        """Send one request until it is acknowledged; the empty one is what sales do."""
        del store
        if not request:
            await _insisting(lambda: log.append([_emit_of_sales()]))
            return
        settings = ObserverSettings(write_keys={KEY: SourceConfig("web")})
        observer = create_app(log, settings, self.clock, HASHER)
        for _ in range(LIVES):
            answer = await post(observer, "/v1/batch", json.dumps({"batch": list(request)}).encode(), KEY)
            if answer.status == HTTPStatus.OK:
                return
            self.refusals += 1
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE, answer.text
            assert int(answer.headers["retry-after"]) >= 1
        raise AssertionError("it is refused for ever")

    async def _work(self, log: Log, store: Store) -> None:
        """Let each hop work until there is nothing left to read."""
        around = Surroundings(log, store, self.clock, asyncio.Event())
        hops = (
            *processor_service.hops(around, HASHER, IdentityRules()),
            *scoring_service.hops(around, MODEL),
        )
        hops = (hops[0], hops[1], hops[3], hops[2])
        while True:
            for hop in hops:
                await self._work_off(hop, log, store)
            if not any([await _insisting(partial(_lag, hop, log)) for hop in hops]):
                return

    async def _work_off(self, hop: Hop, log: Log, store: Store) -> None:
        stop = asyncio.Event()
        await run_hop(hop, Surroundings(UntilEmpty(log, stop), store, self.clock, stop))


async def _lag(hop: Hop, log: Log) -> int:
    bounds, committed = await log.bounds(hop.topic), await log.committed(hop.group, hop.topic)
    return sum(end - (offset or 0) for (_, end), offset in zip(bounds, committed, strict=True))


def _emit_of_sales() -> Emit:
    return Emit(topic=TOUCHPOINTS, key=_ACCEPT.target or "", value=msgspec.json.encode(_ACCEPT))


async def _insisting(call: Callable[[], Awaitable[Any]]) -> Any:
    """Call until the port serves."""
    for _ in range(LIVES):
        try:
            return await call()
        except Unavailable:
            continue
    raise AssertionError("the port is away for ever")


class UntilEmpty:
    """A log whose consumers are told to stop once every partition has nothing left."""

    def __init__(self, log: Log, stop: asyncio.Event) -> None:
        self._log = log
        self._stop = stop
        self._idle: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        """Everything else as it is."""
        return getattr(self._log, name)

    @asynccontextmanager
    async def consume(self, group: str, topic: str) -> AsyncIterator[AsyncIterator[Assignment]]:
        """See `ports.Log`."""
        async with self._log.consume(group, topic) as assignments:
            yield self._each(assignments)

    async def _each(self, assignments: AsyncIterator[Assignment]) -> AsyncIterator[Assignment]:
        async for assignment in assignments:
            yield _Draining(assignment, self._told)

    def _told(self, assignment: Assignment, records: Sequence[Record]) -> None:
        (self._idle.discard if records else self._idle.add)(assignment.partition)
        if len(self._idle) == self._log.partitions(assignment.topic):
            self._stop.set()


class _Draining:
    """An assignment that never waits and tells what it has found."""

    def __init__(self, assignment: Assignment, tell: Callable[[Assignment, Sequence[Record]], None]) -> None:
        self._assignment = assignment
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        """Everything else as it is."""
        return getattr(self._assignment, name)

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """See `ports.Assignment`."""
        del wait
        records = await self._assignment.fetch(max_records, 0)
        self._tell(self._assignment, records)
        return records


def outcome(seen: Aftermath) -> Mapping[str, Any]:
    """What has to be the same however the story went."""
    groups = seen.groups()
    changes: dict[str, list[Any]] = {}
    for change in seen.changes:
        changes.setdefault(change.profile_id, []).append(change)
    return {
        "stored": {document.message_id: (document.addr, document.rejected) for document in seen.touchpoints.values()},
        "refused": {document.message_id: document.code for document in seen.rejections.values()},
        "people": groups,
        "leads": {pid: (lead.own, lead.standing, lead.total) for pid, lead in seen.leads.items()},
        "worth": seen.worth(MODEL, NOW + HOUR),
        "changes": changes,
    }


async def checked_outcome(log: Log, store: Store) -> Mapping[str, Any]:
    """The outcome of a story, once all promises hold."""
    seen = await read_aftermath(log, store)
    wrong = broken(seen, MODEL)
    assert not wrong, wrong
    known = {document.message_id for document in seen.touchpoints.values()}
    known |= {document.message_id for document in seen.rejections.values()}
    assert known == SENT | {_ACCEPT.message_id}
    return outcome(seen)
