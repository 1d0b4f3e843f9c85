"""The scorer: one owner per lead; every output is stored in the lead's document before it is emitted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
import structlog
from msgspec.structs import replace

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, TOUCHPOINTS
from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.lead import StageChanged
from leadflow.contracts.resolved import LeadRecord, Link, Rescore, Resolved, ResolvedRecord
from leadflow.contracts.touchpoint import Rejected
from leadflow.core.scoring.model import Model
from leadflow.pipeline.hop import Step
from leadflow.pipeline.scoring.lead import Judge, apply, finish, mark, reject, rescored, settled
from leadflow.pipeline.scoring.rescoring import leads_where, recount
from leadflow.pipeline.turns import in_turns
from leadflow.ports import Clock, Emit, Log, Record, Store, Stored

_decoder: msgspec.json.Decoder[ResolvedRecord] = msgspec.json.Decoder(ResolvedRecord)
_change = msgspec.json.Decoder(StageChanged)
_encode = msgspec.json.Encoder().encode
_TURN = 20  # leads

logger = structlog.get_logger(__name__)

Inbox = Mapping[str, Sequence[tuple[int, LeadRecord]]]
"""For each lead its records with their positions, in order."""


@dataclass(slots=True)
class _Folded:
    """A lead after a batch, and the touchpoints in it that nobody could count."""

    document: LeadDoc
    poison: list[Resolved] = field(default_factory=list)


class Scorer:
    """Takes the steps of one consumer of `resolved`."""

    def __init__(self, log: Log, store: Store, clock: Clock, model: Model) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._model = model

    async def step(self, records: Sequence[Record]) -> Step:
        """Fold each lead's records in order, write each lead once, emit what this batch caused."""
        inbox, rescore_at = _by_lead(records)
        first = records[0].offset
        past = (records[-1].offset if rescore_at is None else rescore_at) + 1
        leads = await self._write(inbox, first)
        if rescore_at is not None:
            leads |= await self._rescore(records[0].partition, rescore_at, first)
        emits = _emits(leads, first, past) + _scores(leads, inbox)
        received = [r.value.received_at for group in inbox.values() for _, r in group if isinstance(r, Resolved)]
        return Step(past, emits, min(received, default=None))

    async def _write(self, inbox: Inbox, first: int) -> dict[str, LeadDoc]:
        """Fold and compare-and-set until every lead of the batch stands; a conflict (a zombie's write) folds anew."""
        leads: dict[str, LeadDoc] = {}
        waiting = list(inbox)
        while waiting:
            stored = dict(zip(waiting, await self._store.get(LEADS, waiting), strict=True))
            written: list[str] = []
            inserts: list[tuple[str, LeadDoc]] = []
            replaces: list[tuple[str, LeadDoc, str]] = []
            async for pid, found in in_turns(stored.items(), _TURN):
                folded = self._fold(pid, found, inbox[pid], first)
                leads[pid] = folded.document
                await self._set_aside(folded.poison)
                if found is None:
                    inserts.append((pid, folded.document))
                elif folded.document is not found.value:
                    replaces.append((pid, folded.document, found.rev))
            written = [pid for pid, _ in inserts] + [pid for pid, _, _ in replaces]
            done = [
                *(await self._store.insert(LEADS, inserts) if inserts else ()),
                *(await self._store.replace(LEADS, replaces) if replaces else ()),
            ]
            waiting = [pid for pid, ok in zip(written, done, strict=True) if not ok]
        return leads

    def _fold(
        self, pid: str, found: Stored[LeadDoc] | None, inbox: Sequence[tuple[int, LeadRecord]], first: int
    ) -> _Folded:
        """The lead after its records; the very same document when it has seen them all."""
        lead = found.value if found is not None else LeadDoc()
        news = [(position, record) for position, record in inbox if position > lead.pos]
        if not news:
            return _Folded(lead)
        judge = Judge(pid, self._model, self._clock.now())
        folded = _Folded(_trimmed(lead, first))
        for position, record in news:
            self._apply(folded, position, record, judge)
        folded.document = replace(finish(folded.document, judge), pos=news[-1][0])
        return folded

    def _apply(self, folded: _Folded, position: int, record: LeadRecord, judge: Judge) -> None:
        """Apply one record. A touchpoint that cannot be counted is put aside; a control record must never be."""
        try:
            folded.document = apply(folded.document, position, record, judge)
        except Exception as error:
            if not isinstance(record, Resolved):
                raise
            logger.exception("poison_touchpoint", touchpoint=record.touchpoint, error=type(error).__name__)
            marked = mark(folded.document, record)
            if marked is not None:
                rejected = _rejected(record, error, judge.now)
                name = f"{rejected.source}:{rejected.message_id}"
                folded.document = reject(marked, position, record.touchpoint, rejected, name)
                folded.poison.append(record)

    async def _rescore(self, partition: int, position: int, first: int) -> dict[str, LeadDoc]:
        """Count every lead of the partition anew, one compare-and-set each; those counted already only emit again."""
        leads: dict[str, LeadDoc] = {}
        mine = partial(self._log.partition_for, topics.RESOLVED)
        async for stored in leads_where(self._store, lambda pid: mine(pid) == partition):
            leads[stored.key] = await self._recounted(stored, position, first)
        return leads

    async def _recounted(self, stored: Stored[LeadDoc], position: int, first: int) -> LeadDoc:
        pid, found = stored.key, stored
        while found.value.pos < position and found.value.gone is None:
            judge = Judge(pid, self._model, self._clock.now())
            own = await recount(self._store, pid, found.value, self._model)
            lead = rescored(_trimmed(found.value, first), position, own, judge)
            lead = replace(finish(lead, judge), pos=position)
            (done,) = await self._store.replace(LEADS, [(pid, lead, found.rev)])
            if done:
                return lead
            (again,) = await self._store.get(LEADS, [pid])
            if again is None:  # leads are emptied, never deleted
                raise LookupError(f"lead {pid} has gone from the store while it was rescored")
            found = again
        return found.value

    async def _set_aside(self, poison: Iterable[Resolved]) -> None:
        """Mark the documents of poison touchpoints as rejected, so that a repaired copy may take their place."""
        for record in poison:
            metrics.SCORING.rejected.labels("poison").inc()
            while True:
                (found,) = await self._store.get(TOUCHPOINTS, [record.touchpoint])
                if found is None or found.value.pos != record.pos or found.value.addr != record.to:
                    break
                rejected = replace(found.value, rejected=True, reason="poison")
                (done,) = await self._store.replace(TOUCHPOINTS, [(record.touchpoint, rejected, found.rev)])
                if done:
                    break


def _trimmed(lead: LeadDoc, first: int) -> LeadDoc:
    """Without the outputs of batches that were committed: those before this one."""
    return replace(lead, outbox=tuple(entry for entry in lead.outbox if entry.position >= first))


def _by_lead(records: Sequence[Record]) -> tuple[dict[str, list[tuple[int, LeadRecord]]], int | None]:
    """The records of each lead up to the first `Rescore`, and its position if there is one."""
    inbox: dict[str, list[tuple[int, LeadRecord]]] = defaultdict(list)
    for record in records:
        decoded = _decoder.decode(record.value or b"")
        if isinstance(decoded, Rescore):
            return inbox, record.offset
        inbox[decoded.to].append((record.offset, decoded))
    return inbox, None


def _emits(leads: Mapping[str, LeadDoc], first: int, past: int) -> list[Emit]:
    """What this batch caused, in the order of its causes: also what an earlier, unfinished run had stored."""
    entries = [entry for lead in leads.values() for entry in settled(lead, first, past)]
    entries.sort(key=lambda entry: entry.position)
    for entry in entries:
        if entry.topic == topics.STAGE_CHANGES:
            change = _change.decode(entry.value)
            metrics.STAGE_CHANGES.labels(change.from_, change.to).inc()
    return [
        Emit(topic=entry.topic, key=entry.key, value=bytes(entry.value), id=entry.id, type=entry.type)
        for entry in entries
    ]


def _scores(leads: Mapping[str, LeadDoc], inbox: Inbox) -> list[Emit]:
    """The latest score of each root of the batch; a tombstone for each lead that was linked below another in it."""
    emits: list[Emit] = []
    for pid, lead in leads.items():
        linked = lead.parent is not None and any(isinstance(record, Link) for _, record in inbox.get(pid, ()))
        if not lead.score and not linked:
            continue
        value = _encode(lead.score) if lead.score else None
        name = f"{pid}.{lead.version}"
        emits.append(Emit(topic=topics.LEAD_SCORES, key=pid, value=value, id=name, type="dev.leadflow.lead-score.v1"))
    metrics.LEAD_SCORES.inc(len(emits))
    return emits


def _rejected(record: Resolved, error: Exception, now: int) -> Rejected:
    touchpoint = record.value
    return Rejected(
        source=touchpoint.source,
        hop="scoring",
        code="poison",
        reason=f"scoring could not count it: {type(error).__name__}",
        at=now,
        body=bytes(touchpoint.body).decode(errors="replace"),
        message_id=touchpoint.message_id,
        repair=touchpoint.repair,
    )
