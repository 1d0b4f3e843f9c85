"""What the owner of a partition is told to do with its leads: count them anew, take over a rebuild, let go on.

An order has its place among the other records and ends its batch. Each lead is changed by one compare-and-set; its
outputs carry the order's position, so that a re-run emits them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import msgspec
from msgspec.structs import replace

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS, REBUILT
from leadflow.contracts.documents import LeadDoc, ParkedDoc
from leadflow.contracts.resolved import Order, Rebuilt, Release, Rescore, Resolved, ResolvedRecord
from leadflow.core.scoring.model import Model
from leadflow.pipeline.parked import Waiting, keep
from leadflow.pipeline.scoring import parking
from leadflow.pipeline.scoring.lead import Judge, ask, finish, recounted, trimmed, with_part
from leadflow.pipeline.scoring.model_in_force import ModelInForce
from leadflow.pipeline.scoring.poison import apply_or_reject, set_aside
from leadflow.pipeline.scoring.rescoring import leads_between, recount
from leadflow.ports import Clock, LeadflowError, Log, Store, Stored

_decode = msgspec.json.Decoder(ResolvedRecord).decode
_AT_ONCE = 500  # records that wait for one lead: more go on with an order of their own


class Orders:
    """Carries orders out for the owner of a partition of `resolved`."""

    def __init__(self, log: Log, store: Store, clock: Clock, model: Model, in_force: ModelInForce) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._model = model
        self._in_force = in_force

    async def obey(self, order: Order, partition: int, position: int, first: int) -> dict[str, LeadDoc]:
        """The leads that an order at `position` was about, as they stand after it; `first`: where its batch begins.

        Raises Superseded, with nothing done, where it is for a later model than ours: a newer process carries it out.
        """
        if isinstance(order, Rescore):
            self._in_force.check(order)
        found = await self._meant(order, partition)
        leads = await self._changed(found, _Turn(order, partition, position, first))
        if isinstance(order, Release):
            for pid, lead in leads.items():
                await parking.sweep(self._store, pid, lead.parked.position if lead.parked else position)
        return leads

    async def _meant(self, order: Order, partition: int) -> list[Stored[LeadDoc]]:
        """The leads that an order is about."""
        match order:
            case Rescore():
                between = leads_between(self._store, order.first, order.past)
                mine = partial(self._log.partition_for, topics.RESOLVED)
                return [stored async for stored in between if mine(stored.key) == partition]
            case Rebuilt():
                return await self._read(order.leads)
            case Release():
                return await self._read([order.to])
            case _:
                assert_never(order)

    async def _read(self, pids: Sequence[str]) -> list[Stored[LeadDoc]]:
        """Leads are emptied, never deleted; one that is not there has never been."""
        found = await self._store.get(LEADS, pids) if pids else ()
        return [stored for stored in found if stored is not None]

    async def _changed(self, found: Sequence[Stored[LeadDoc]], turn: "_Turn") -> dict[str, LeadDoc]:
        """Leads after an order, one compare-and-set each; those that have seen it before only emit again."""
        leads: dict[str, LeadDoc] = {}
        while found:
            leads |= {stored.key: stored.value for stored in found}
            news = [stored for stored in found if stored.value.pos < turn.position and stored.value.gone is None]
            changes = [(stored.key, await self._obeyed(stored.key, stored.value, turn), stored.rev) for stored in news]
            done = await self._store.replace(LEADS, changes) if changes else ()
            leads |= {pid: lead for (pid, lead, _), ok in zip(changes, done, strict=True) if ok}
            found = await self._read([pid for (pid, _, _), ok in zip(changes, done, strict=True) if not ok])
        return leads

    async def _obeyed(self, pid: str, lead: LeadDoc, turn: "_Turn") -> LeadDoc:
        """The lead after the order, or parked by it."""
        judge = Judge(pid, self._model, self._clock.now())
        before = trimmed(lead, turn.first)
        if lead.parked is not None and isinstance(turn.order, Rescore):
            await keep(self._store, [turn.waiting(pid, judge.now)])
            return replace(before, pos=turn.position)
        try:
            return replace(await self._applied(before, turn.position, turn.order, judge), pos=turn.position)
        except LeadflowError:
            raise
        except Exception as error:  # noqa: BLE001  one lead stands still, the others go on
            if lead.parked is not None:
                return replace(before, pos=turn.position)
            await keep(self._store, [turn.waiting(pid, judge.now)])
            return replace(parking.park(pid, before, turn.position, error, judge.now), pos=turn.position)

    async def _applied(self, lead: LeadDoc, position: int, order: Order, judge: Judge) -> LeadDoc:
        if isinstance(order, Release):
            return await self._released(lead, position, judge)
        if isinstance(order, Rescore):
            own = await recount(self._store, judge.profile_id, lead, self._model)
            return finish(recounted(lead, position, own, judge, "rescore"), judge)
        return await self._rebuilt(lead, position, judge)

    async def _rebuilt(self, lead: LeadDoc, position: int, judge: Judge) -> LeadDoc:
        """Take over what a replay has counted if it still fits, else count again: something has come in between."""
        (found,) = await self._store.get(REBUILT, [judge.profile_id])
        if found is not None and (found.value.marks, found.value.model) == (lead.marks, self._model.version):
            part = found.value
        else:
            part = await recount(self._store, judge.profile_id, lead, self._model)
        if lead.parked is not None:  # it publishes when it is released
            return with_part(lead, part)
        return finish(recounted(lead, position, part, judge, "replay"), judge)

    async def _released(self, parked: LeadDoc, position: int, judge: Judge) -> LeadDoc:
        """Apply what waits, in order, as far as it goes."""
        if parked.parked is None:
            return parked
        pid, lead = judge.profile_id, replace(parked, parked=None)
        page = await parking.waiting_for(self._store, pid, parked.parked.position, _AT_ONCE + 1)
        poison: list[Resolved] = []
        for stored in page[:_AT_ONCE]:
            try:
                lead = await self._one(lead, position, stored.value, judge, poison)
            except LeadflowError:
                raise
            except Exception as error:  # noqa: BLE001  it stands still again, at what is wrong now
                lead = parking.park(pid, lead, stored.value.position, error, judge.now)
                break
        else:
            if len(page) > _AT_ONCE:
                lead = parking.still_parked(lead, page[_AT_ONCE].value.position, judge.now)
                lead = ask(lead, position, Release(to=pid))
            else:
                metrics.RELEASED.inc()
        lead = finish(lead, judge)
        await set_aside(self._store, poison)
        return lead

    async def _one(
        self, lead: LeadDoc, position: int, waiting: ParkedDoc, judge: Judge, poison: list[Resolved]
    ) -> LeadDoc:
        """The lead after one record that has waited; outputs carry the position of the release."""
        record = _decode(waiting.value)
        if isinstance(record, Rescore | Rebuilt | Release):
            return lead if isinstance(record, Release) else await self._applied(lead, position, record, judge)
        lead, bad = apply_or_reject(lead, position, record, judge)
        if bad and isinstance(record, Resolved):
            poison.append(record)
        return lead


@dataclass(frozen=True, slots=True)
class _Turn:
    """An order at its place: `first` is where its batch begins."""

    order: Order
    partition: int
    position: int
    first: int

    def waiting(self, pid: str, now: int) -> Waiting:
        """The order as it waits for a lead."""
        return parking.for_lead(pid, self.partition, self.position, self.order, now)
