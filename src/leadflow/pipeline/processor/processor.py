"""The processor: each touchpoint is stored once with the way it goes, and sent that way however often it is read."""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.contracts.documents import TouchpointDoc
from leadflow.contracts.identity import Evidence
from leadflow.contracts.resolved import Resolved
from leadflow.core.identity.classify import Known, classify
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.pipeline.dead_letters import RejectedShare
from leadflow.pipeline.hop import Step
from leadflow.pipeline.processor.arrival import Arrival, Unusable, read_arrival, rejected_emit, rejection
from leadflow.pipeline.processor.knowledge import Knowledge, Reading
from leadflow.pipeline.processor.senders import CONTACT_TYPES, Senders
from leadflow.pipeline.turns import slices_in_turns
from leadflow.ports import Clock, Emit, Record, Store, Stored

_encode = msgspec.json.Encoder().encode

IDENTITY_KEY = "workspace"  # one workspace, one order
_TURN = 100  # records
_FEW = 10  # where one in so many was stored before, as after a crash, the next batch is looked up first


class Processor:
    """Takes the steps of one consumer of `touchpoints`."""

    def __init__(
        self, store: Store, clock: Clock, hasher: Hasher, rules: IdentityRules, share: RejectedShare | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._hasher = hasher
        self._senders = Senders(rules, hasher)
        self._knowledge = Knowledge(store, hasher)
        self._share = share or RejectedShare()
        self._asks = True  # a consumer that has just begun may read again what was stored before a crash

    async def step(self, records: Sequence[Record]) -> Step:
        """Store what is new, and emit every record's outcome in the order of the log."""
        emits: list[Emit | None] = [None] * len(records)
        pending = await self._read(records, emits)
        received = min([arrival.header.received_at for arrival in pending], default=None)
        asking = self._asks
        met = 0
        while pending:  # what met a conflict starts over
            pending, known = await self._settle(pending, emits, asking=asking)
            asking, met = True, met + known
        self._asks = met * _FEW > len(records)
        return Step(records[-1].offset + 1, [emit for emit in emits if emit is not None], received)

    async def _read(self, records: Sequence[Record], emits: list[Emit | None]) -> list[Arrival]:
        """The touchpoints that can be stored; what cannot goes to `rejected`."""
        now = self._clock.now()
        senders, hasher = self._senders, self._hasher
        arrivals: list[Arrival] = []
        index = bad = 0  # bad: our code could not read them; what the rules refuse is the sender's
        async for part in slices_in_turns(records, _TURN):
            for record in part:
                arrival = read_arrival(index, record, senders, hasher, now)
                if type(arrival) is Arrival:
                    arrivals.append(arrival)
                    bad += arrival.refused is not None
                elif type(arrival) is Unusable:
                    emits[index] = arrival.emit()
                    metrics.PROCESSOR.rejected.labels(arrival.rejected.code).inc()
                    bad += arrival.rejected.code == "malformed_record"
                index += 1
        self._share.admit((records[0].partition, records[0].offset), len(records), bad)
        return arrivals

    async def _settle(
        self, arrivals: list[Arrival], emits: list[Emit | None], *, asking: bool
    ) -> tuple[list[Arrival], int]:
        """Obey what is stored, store what is not.

        Unless `asking`, a touchpoint is taken for a new one, and the insert makes sure of it; only those that would
        found a profile are looked up first. Returns the arrivals that start over, and how many were not new.
        """
        reading = await self._knowledge.read(arrivals)
        stored = await self._stored(arrivals if asking else [one for one in reading.strangers if reading.is_lone(one)])
        new: dict[str, Arrival] = {}
        repairs: dict[str, tuple[Arrival, Stored[TouchpointDoc]]] = {}
        later: list[Arrival] = []
        outcomes: Counter[str] = Counter()
        for arrival in arrivals:
            key = arrival.key
            found = stored.get(key)
            if key in new or key in repairs:
                later.append(arrival)
            elif found is None:
                new[key] = arrival
            elif found.value.pos == arrival.pos:
                if not found.value.gone:
                    outcomes["obeyed"] += 1
                    emits[arrival.index] = self._emission(arrival, found.value)
            elif _is_repair(found.value, arrival):
                repairs[key] = arrival, found
            else:
                outcomes["duplicate"] += 1
        later += await self._store_fresh(list(new.values()), list(repairs.values()), reading, emits, outcomes)
        for outcome, count in outcomes.items():
            metrics.PROCESSOR_OUTCOMES.labels(outcome).inc(count)
        return sorted(later, key=attrgetter("index")), len(arrivals) - len(new) - len(repairs)

    async def _stored(self, arrivals: Iterable[Arrival]) -> dict[str, Stored[TouchpointDoc]]:
        """The documents of those touchpoints that have been stored before."""
        keys = list(dict.fromkeys(arrival.key for arrival in arrivals))
        found = await self._store.get(TOUCHPOINTS, keys) if keys else ()
        return {key: document for key, document in zip(keys, found, strict=True) if document is not None}

    async def _store_fresh(
        self,
        new: list[Arrival],
        repairs: list[tuple[Arrival, Stored[TouchpointDoc]]],
        reading: Reading,
        emits: list[Emit | None],
        outcomes: Counter[str],
    ) -> list[Arrival]:
        """Classify and write, one insert or compare-and-set per touchpoint; returns those that met a conflict."""
        fresh = [*new, *[arrival for arrival, _ in repairs]]
        if not fresh:
            return []
        known = await self._knowledge.complete(reading, fresh)
        documents = [self._route(arrival, reading, known) for arrival in fresh]
        done = await self._store.insert(
            TOUCHPOINTS, [(arrival.key, document) for arrival, document in zip(new, documents, strict=False)]
        )
        if repairs:
            repaired = [
                (arrival.key, msgspec.structs.replace(document, gp=found.value.gp), found.rev)
                for (arrival, found), document in zip(repairs, documents[len(new) :], strict=True)
            ]
            done = [*done, *await self._store.replace(TOUCHPOINTS, repaired)]
        conflicts: list[Arrival] = []
        for arrival, document, stands in zip(fresh, documents, done, strict=True):
            if not stands:
                conflicts.append(arrival)
                continue
            outcomes["rejected" if document.rejected else "straight" if document.addr else "evidence"] += 1
            for kind, _ in document.ignored:
                metrics.PROCESSOR_IGNORED.labels(kind).inc()
            emits[arrival.index] = self._emission(arrival, document)
        return conflicts

    def _route(self, arrival: Arrival, reading: Reading, known: Known) -> TouchpointDoc:
        """The document with its way. Sales name the profile itself; everything else is found by its identifiers."""
        keys = arrival.sender.keys
        addr = arrival.target or reading.ways.get(keys)
        if addr is None and arrival.refused is None:
            addr = classify(keys, arrival.header.received_at, known).addr
            if addr is not None:
                self._knowledge.remember(keys, addr, known)
        if addr is None:
            return arrival.unaddressed()
        partition, offset = arrival.pos
        return arrival.addressed(addr, (f"t{partition}", offset))

    def _emission(self, arrival: Arrival, document: TouchpointDoc) -> Emit | None:
        """Straight on to the lead, or to the resolver as evidence; what that has decided is its own to send."""
        if document.via == "tp":
            if document.addr is None:
                return self._dead_letter(arrival, document)
            sender = arrival.sender
            contacts = sender.contacts if document.kept == sender.keys else contacts_of(document)
            return resolved_emit(arrival.key, document, contacts, arrival.trace)
        return _evidence_emit(arrival, document) if document.addr is None and not document.rejected else None

    def _dead_letter(self, arrival: Arrival, document: TouchpointDoc) -> Emit:
        metrics.PROCESSOR.rejected.labels("poison").inc()
        rejected = rejection(arrival.touchpoint(), "poison", document.reason or "", self._clock.now())
        return rejected_emit(arrival.key, rejected)


def _is_repair(document: TouchpointDoc, arrival: Arrival) -> bool:
    """Whether this record may take the place of a rejected one."""
    return document.rejected and not document.gone and arrival.header.repair > document.repair


def contacts_of(document: TouchpointDoc) -> tuple[tuple[str, str], ...]:
    """(type, normal value) of the e-mails and phones that identity kept for a touchpoint."""
    return tuple(
        [
            pair
            for pair, identifier in zip(document.ids, document.keys, strict=True)
            if pair[0] in CONTACT_TYPES and identifier in document.kept
        ]
    )


def resolved_emit(key: str, document: TouchpointDoc, contacts: tuple[tuple[str, str], ...], trace: str = "") -> Emit:
    """The record of topic `resolved` for a touchpoint whose address stands."""
    if document.addr is None or document.src is None or document.value is None:
        raise ValueError(f"touchpoint {key} has no address or no body: it cannot be sent to a lead")
    record = Resolved(
        to=document.addr,
        touchpoint=key,
        pos=document.pos,
        src=document.src,
        ids=document.keys,
        contacts=contacts,
        value=document.value,
    )
    return Emit(
        topic=topics.RESOLVED,
        key=record.to,
        value=_encode(record),
        id=f"{key}:{document.pos[0]}.{document.pos[1]}",
        type="dev.leadflow.resolved.v1",
        trace=trace,
    )


def _evidence_emit(arrival: Arrival, document: TouchpointDoc) -> Emit:
    record = Evidence(
        touchpoint=arrival.key,
        pos=document.pos,
        ids=arrival.sender.keys,
        received_at=document.received_at,
        repair=document.repair,
    )
    return Emit(
        topic=topics.IDENTITY,
        key=IDENTITY_KEY,
        value=_encode(record),
        id=f"{arrival.key}:{document.pos[0]}.{document.pos[1]}",
        type="dev.leadflow.identity.v1",
        trace=arrival.trace,
    )
