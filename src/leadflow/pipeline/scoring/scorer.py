"""The scorer: one owner per lead; every output is stored in the lead's document before it is emitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.resolved import Link, Release, Resolved
from leadflow.contracts.touchpoint import NO_JSON
from leadflow.core.scoring.model import Model
from leadflow.pipeline.dead_letters import RejectedShare
from leadflow.pipeline.hop import Step
from leadflow.pipeline.parked import keep, keep_commands
from leadflow.pipeline.scoring import parking
from leadflow.pipeline.scoring.inbox import Batch, LeadInbox, Unreadable, UnreadableRecord, read_batch
from leadflow.pipeline.scoring.lead import Judge, finish, settled, trimmed
from leadflow.pipeline.scoring.model_in_force import ModelInForce
from leadflow.pipeline.scoring.orders import Orders
from leadflow.pipeline.scoring.owned import OwnedLeads
from leadflow.pipeline.scoring.poison import apply_or_reject, refused, set_aside
from leadflow.pipeline.scoring.run import count_run
from leadflow.pipeline.turns import slices_in_turns
from leadflow.ports import Clock, Emit, Log, Record, Store, Stored


class _Way(msgspec.Struct, rename={"from_": "from"}):
    """From which stage to which: what a stage change says, as far as it is counted."""

    from_: str
    to: str


_way = msgspec.json.Decoder(_Way)
_NONE = bytes(NO_JSON)
_TURN = 20  # leads


@dataclass(slots=True)
class _Folded:
    """A lead after a batch, the touchpoints in it that nobody could count, and the records that wait for a repair."""

    document: LeadDoc
    poison: tuple[Resolved, ...] = ()
    waiting: LeadInbox = ()
    stopped: bool = False  # by this batch


class Scorer:
    """Takes the steps of one consumer of `resolved`."""

    def __init__(
        self,
        log: Log,
        store: Store,
        clock: Clock,
        model: Model,
        share: RejectedShare | None = None,
        *,
        in_force: ModelInForce | None = None,
    ) -> None:
        self._store = store
        self._leads = OwnedLeads(store)
        self._clock = clock
        self._model = model
        self._orders = Orders(log, store, clock, model, in_force or ModelInForce(model))
        self._share = share or RejectedShare()

    async def step(self, records: Sequence[Record]) -> Step:
        """Fold each lead's records in order, write each lead once, emit what this batch caused."""
        batch = read_batch(records)
        partition, now = records[0].partition, self._clock.now()
        leads = await self._write(batch, partition, len(records))
        await keep_commands(self._store, batch.commands, now)
        if batch.order is not None:
            self._leads.forget(partition)
            leads |= await self._orders.obey(batch.order, partition, batch.past - 1, batch.first)
        emits = [refused(misfit, now) for misfit in batch.garbage]
        emits += _emits(leads, batch, now) + _scores(leads, batch)
        return Step(batch.past, emits, batch.received_at)

    def lost(self, partition: int) -> None:
        """Forget the leads of a partition that is ours no longer."""
        self._leads.forget(partition)

    async def _write(self, batch: Batch, partition: int, records: int) -> dict[str, LeadDoc]:
        """Fold and compare-and-set until every lead of the batch stands; a conflict (a zombie's write) folds anew."""
        leads: dict[str, LeadDoc] = {}
        stored = await self._leads.read(partition, batch.inbox)
        folded = await self._folded(stored, batch)
        bad = sum(len(one.poison) + one.stopped for one in folded.values())
        self._share.admit((partition, batch.first), records, bad + len(batch.garbage) + len(batch.commands))
        while True:
            leads |= {pid: one.document for pid, one in folded.items()}
            await self._keep_aside(folded, partition)
            writes = [
                (pid, found, folded[pid].document)
                for pid, found in stored.items()
                if found is None or folded[pid].document is not found.value
            ]
            conflicts = await self._leads.write(partition, writes)
            if not conflicts:
                return leads
            stored = await self._leads.read(partition, conflicts)
            folded = await self._folded(stored, batch)

    async def _folded(self, stored: Mapping[str, Stored[LeadDoc] | None], batch: Batch) -> dict[str, _Folded]:
        """Each lead after its records; nothing is written yet."""
        folded: dict[str, _Folded] = {}
        async for leads in slices_in_turns(list(stored.items()), _TURN):
            folded |= self._fold(leads, batch)
        return folded

    async def _keep_aside(self, folded: Mapping[str, _Folded], partition: int) -> None:
        """Write what is put aside or waits, before the leads say that they have seen it."""
        now = self._clock.now()
        documents = [doc for pid, one in folded.items() for doc in parking.waiting(pid, partition, one.waiting, now)]
        await keep(self._store, documents)
        await set_aside(self._store, [record for one in folded.values() for record in one.poison])

    def _fold(self, leads: Sequence[tuple[str, Stored[LeadDoc] | None]], batch: Batch) -> dict[str, _Folded]:
        """Leads after their records; a lead that has seen them all is the very same document.

        First all are counted, then all are finished: the same code again costs less than other code (ADR 0042).
        """
        folded: dict[str, _Folded] = {}
        counted: list[tuple[LeadDoc, LeadInbox, Judge]] = []
        for pid, found in leads:
            lead = found.value if found is not None else LeadDoc()
            news: LeadInbox = [(position, record) for position, record in batch.inbox[pid] if position > lead.pos]
            if not news:
                folded[pid] = _Folded(lead)
                continue
            before = trimmed(lead, batch.first)
            if lead.parked is not None:
                folded[pid] = _Folded(replace(before, pos=news[-1][0]), waiting=news)
                continue
            judge = Judge(pid, self._model, self._clock.now())
            try:
                folded[pid] = _apply(before, news, judge)
                counted.append((before, news, judge))
            except Exception as error:  # noqa: BLE001  nobody knows which record it was: they all wait
                folded[pid] = _stopped(before, news, judge, error)
        for before, news, judge in counted:
            one = folded[judge.profile_id]
            try:
                one.document = replace(finish(one.document, judge), pos=news[-1][0])
            except Exception as error:  # noqa: BLE001  the same
                folded[judge.profile_id] = _stopped(before, news, judge, error)
        return folded


def _stopped(before: LeadDoc, news: LeadInbox, judge: Judge, error: Exception) -> _Folded:
    """The lead as it was, standing still from the first of its records on."""
    parked = parking.park(judge.profile_id, before, news[0][0], error, judge.now)
    return _Folded(replace(parked, pos=news[-1][0]), waiting=news, stopped=True)


def _apply(lead: LeadDoc, news: LeadInbox, judge: Judge) -> _Folded:
    """Apply records in order. A touchpoint that cannot be counted is put aside; at a control record the lead stops."""
    folded, number = _Folded(lead), 0
    while True:
        folded.document, number = count_run(folded.document, news, number, judge)
        if number == len(news):
            return folded
        position, record = news[number]
        try:
            if isinstance(record, Unreadable):
                raise UnreadableRecord(record.reason)  # noqa: TRY301  parked like any other that cannot be applied
            folded.document, bad = apply_or_reject(folded.document, position, record, judge)
        except Exception as error:  # noqa: BLE001  this lead stands still, the others go on
            folded.document = parking.park(judge.profile_id, folded.document, position, error, judge.now)
            folded.waiting, folded.stopped = news[number:], True
            return folded
        if bad and isinstance(record, Resolved):
            folded.poison += (record,)
        number += 1
        if number == len(news):
            return folded


def _may_be_linked(pid: str, batch: Batch) -> bool:
    """Whether the lead may have come below another in this batch."""
    if isinstance(batch.order, Release) and batch.order.to == pid:
        return True
    return any(isinstance(record, Link) for _, record in batch.inbox.get(pid, ()))


def _emits(leads: Mapping[str, LeadDoc], batch: Batch, now: int) -> list[Emit]:
    """What this batch caused, in the order of its causes: also what an earlier, unfinished run had stored."""
    entries = [entry for lead in leads.values() for entry in settled(lead, batch.first, batch.past)]
    entries.sort(key=lambda entry: entry.position)
    for entry in entries:
        if entry.topic == topics.STAGE_CHANGES:
            way = _way.decode(entry.value)
            metrics.STAGE_CHANGES.labels(way.from_, way.to).inc()
            _measure_delay(batch.inbox.get(entry.key, ()), entry.position, now)
    return [
        Emit(
            topic=entry.topic,
            key=entry.key,
            value=bytes(entry.value),
            id=entry.id,
            type=entry.type,
            trace=batch.traces.get(entry.position, ""),
        )
        for entry in entries
    ]


def _measure_delay(inbox: LeadInbox, position: int, now: int) -> None:
    """Tell how long ago the touchpoint was received that made a change, which is about to be committed."""
    for at, record in inbox:
        if at == position and isinstance(record, Resolved) and not record.value.historical:
            metrics.STAGE_CHANGE_SECONDS.observe(max(0, now - record.value.received_at) / 1_000)


def _scores(leads: Mapping[str, LeadDoc], batch: Batch) -> list[Emit]:
    """The latest score of each root of the batch; a tombstone for each lead that was linked below another in it."""
    traces = _latest_traces(batch) if batch.traces else {}
    emits: list[Emit] = []
    for pid, lead in leads.items():
        value = bytes(lead.score)
        if value == _NONE and (lead.parent is None or not _may_be_linked(pid, batch)):
            continue
        name = f"{pid}.{lead.version}"
        emits.append(
            Emit(
                topic=topics.LEAD_SCORES,
                key=pid,
                value=None if value == _NONE else value,
                id=name,
                type="dev.leadflow.lead-score.v1",
                trace=traces.get(pid, ""),
            )
        )
    metrics.LEAD_SCORES.inc(len(emits))
    return emits


def _latest_traces(batch: Batch) -> dict[str, str]:
    """For each lead the last trace among its records: a score is the outcome of them all."""
    return {
        pid: batch.traces[position]
        for pid, group in batch.inbox.items()
        for position, _ in group
        if position in batch.traces
    }
