"""The resolver: decides each batch of `identity` once, stores the decision, applies it and emits from it."""

from collections.abc import Iterable, Sequence

import msgspec

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.collections import DECISIONS, TOUCHPOINTS
from leadflow.contracts.documents import DecisionDoc, TouchpointDoc
from leadflow.contracts.resolved import IDENTITY_STREAM, Link
from leadflow.core.identity.decide import Rules, decide
from leadflow.core.identity.decisions import Addressed, Decision, Garbled, LedgerWrite, Linked, Refused
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.pipeline.dead_letters import RejectedShare
from leadflow.pipeline.hop import Step
from leadflow.pipeline.parked import keep_commands
from leadflow.pipeline.processor.processor import contacts_of, resolved_emit
from leadflow.pipeline.resolver.applying import apply
from leadflow.pipeline.resolver.reading import read_forest, read_news
from leadflow.pipeline.resolver.readings import Documents, Readings
from leadflow.pipeline.resolver.refusing import garbled_emit, refused_emit
from leadflow.pipeline.turns import in_turns
from leadflow.ports import Clock, Emit, Record, Store

_encode = msgspec.json.Encoder().encode

_TURN = 100  # pieces of evidence


class Resolver:
    """Takes the steps of the one consumer of `identity`."""

    def __init__(
        self, store: Store, clock: Clock, hasher: Hasher, rules: IdentityRules, share: RejectedShare | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._share = share or RejectedShare()
        self._hasher = hasher
        self._rules = Rules(limits=rules.limits, profile_id=hasher.profile)

    async def step(self, records: Sequence[Record]) -> Step:
        """Decide unless it has been decided, apply, emit. The stored decision says how far its batch went."""
        documents = Readings(self._store)
        decision = await self._decided(records, documents)
        await apply(decision.items, documents)
        emits = await self._emits(decision.items, documents)
        return Step(decision.upto, emits)

    async def _decided(self, records: Sequence[Record], documents: Documents) -> DecisionDoc:
        """The decision that starts at this offset: the stored one stands, whoever took it."""
        key = f"{records[0].offset:020d}"
        (stored,) = await self._store.get(DECISIONS, [key])
        if stored is not None:
            return stored.value
        batch = read_news(records)
        forest = await read_forest(batch.news, documents, self._hasher)
        items = list(batch.garbled)
        async for item in in_turns(batch.news, _TURN):
            items += decide((item,), forest, self._rules)
        in_order = sorted(items, key=lambda item: item.pos)
        decision = DecisionDoc(upto=records[-1].offset + 1, items=_traced(in_order, records))
        bad = sum(isinstance(emit, Refused | Garbled) for item in items for emit in item.emits)
        self._share.admit((0, records[0].offset), len(records), bad + len(batch.commands))
        await keep_commands(self._store, batch.commands, self._clock.now())
        (inserted,) = await self._store.insert(DECISIONS, [(key, decision)])
        if inserted:
            _count(decision.items)
            return decision
        return await self._decided(records, documents)

    async def _emits(self, decisions: Iterable[Decision], documents: Documents) -> list[Emit]:
        """The records that follow from the decisions, in their order; bodies come from the touchpoints' documents."""
        outputs = [(decision.pos, decision.trace, emit) for decision in decisions for emit in decision.emits]
        keys = [emit.touchpoint for _, _, emit in outputs if isinstance(emit, Addressed | Refused)]
        touchpoints = dict(zip(keys, await documents.get(TOUCHPOINTS, keys), strict=True))
        emits: list[Emit] = []
        for position, trace, emit in outputs:
            if isinstance(emit, Linked):
                emits.append(_link_emit(position, emit, trace))
            elif isinstance(emit, Garbled):
                emits.append(garbled_emit(position, emit, self._clock.now()))
            elif (stored := touchpoints[emit.touchpoint]) is None or stored.value.value is None:
                continue
            elif isinstance(emit, Refused):
                emits.append(refused_emit(stored.value.value, emit, self._clock.now()))
            else:
                document = _as_decided(stored.value, position, emit)
                emits.append(resolved_emit(emit.touchpoint, document, contacts_of(document), trace))
        return emits


def _as_decided(document: TouchpointDoc, position: int, emit: Addressed) -> TouchpointDoc:
    """The document as this decision left it, whatever came later."""
    return msgspec.structs.replace(
        document, addr=emit.addr, pos=emit.pos, kept=emit.kept, src=(IDENTITY_STREAM, position)
    )


def _traced(decisions: Iterable[Decision], records: Iterable[Record]) -> tuple[Decision, ...]:
    """Decisions with the traces of the records that they are about."""
    traces = {record.offset: record.trace for record in records if record.trace}
    if not traces:
        return tuple(decisions)
    return tuple([msgspec.structs.replace(decision, trace=traces.get(decision.pos, "")) for decision in decisions])


def _link_emit(position: int, emit: Linked, trace: str) -> Emit:
    link = emit.link
    record = Link(to=emit.child, parent=link.parent, gen=link.gen, at=link.at, cause=link.cause)
    return Emit(
        topic=topics.RESOLVED,
        key=emit.child,
        value=_encode(record),
        id=f"{emit.child}:{position}",
        type="dev.leadflow.link.v1",
        trace=trace,
    )


def _count(decisions: Sequence[Decision]) -> None:
    for write in (write for decision in decisions for write in decision.writes if isinstance(write, LedgerWrite)):
        if write.state == "merged":
            metrics.RESOLVER_MERGES.inc()
        else:
            metrics.RESOLVER_REFUSALS.labels(write.reason.partition(":")[0]).inc()
    for emit in (emit for decision in decisions for emit in decision.emits):
        if isinstance(emit, Refused | Garbled):
            metrics.RESOLVER.rejected.labels("poison" if isinstance(emit, Refused) else "malformed_record").inc()
