"""The pipe of the observer: body → payload → source → events → log. One request is one append, acknowledged once."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import final

import msgspec

from leadflow import metrics
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.ingest.body import inflate
from leadflow.pipeline.ingest.deadline import Deadline
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.events import Taken, reject_event, shared_by, take_event
from leadflow.pipeline.ingest.parcel import Parcel
from leadflow.pipeline.ingest.payload import BodyLimit, Payload, batch_too_large, event_too_large, read_payload
from leadflow.pipeline.ingest.rate import Bucket, take
from leadflow.pipeline.ingest.refusal import Refusal, try_later
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.pipeline.ingest.write_key import KeyPlaces, source_of
from leadflow.ports import Clock, Emit, Log, Overloaded, Unavailable

_TURN = 200
"""After so many events of one batch the others get their turn."""


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written for one request, and what to count once it is durable."""

    source: str
    emits: Sequence[Emit]
    types: Mapping[str, int]
    refused: Mapping[str, int]
    bots: int


@final
class _Batch(msgspec.Struct, frozen=True):
    """A batch that may be taken, as far as the request goes."""

    payload: Payload
    parcel: Parcel
    delivery: Delivery


class Ingest:
    """The pipe with what it needs. Holds a bucket for each write key and nothing else between requests."""

    def __init__(self, log: Log, settings: ObserverSettings, clock: Clock, hasher: Hasher) -> None:
        self.settings = settings
        self._log = log
        self._clock = clock
        self._hasher = hasher
        self._ack = Deadline(settings.ack_timeout)
        self._event_limit = BodyLimit(settings.max_event_bytes, event_too_large(None, settings))
        too_large = batch_too_large(f"more than {settings.max_batch_bytes} bytes")
        self._batch_limit = BodyLimit(settings.max_batch_bytes, too_large)
        self._buckets: dict[str, Bucket] = {}

    def body_limit(self, batch: bool | None) -> BodyLimit:  # noqa: FBT001  # three-valued, as in Call
        """Return the limit of a body: of one event, or of what is or may be a batch."""
        return self._event_limit if batch is False else self._batch_limit

    async def accept(self, parcel: Parcel) -> Refusal | None:
        """Take a request's events in. None: they are durable. Refusals with 5xx and 429 left nothing behind to mend."""
        intake = self._examine(parcel)
        if type(intake) is _Batch:
            intake = await self._sort(intake)
        if type(intake) is Refusal:
            return intake
        if intake.emits:
            began = time.perf_counter()
            try:
                with self._ack:
                    await self._log.append(intake.emits)
            except (Unavailable, TimeoutError) as error:
                return not_written(error)
            metrics.OBSERVER_ACK_SECONDS.observe(time.perf_counter() - began)
        count(intake)
        return None

    def examine_lone(self, parcel: Parcel) -> Intake | Refusal:
        """Do everything before the log for a call that holds one event: nothing is written."""
        intake = self._examine(parcel)
        if type(intake) is _Batch:
            raise ValueError("a batch takes turns with others: it has to be awaited")
        return intake

    def _examine(self, parcel: Parcel) -> "Intake | _Batch | Refusal":
        """Do everything before the log: nothing is written. The events of a batch are left to be sorted."""
        payload = self._open(parcel)
        if type(payload) is Refusal:
            return self._keep(parcel, payload) if parcel.call.keep_bad else payload
        caller = parcel.caller
        source = caller.source or source_of(_with_body_key(caller.keys, payload), self.settings.write_keys)
        if type(source) is Refusal:
            return source
        now = self._clock.now()
        late = self._rate(source, len(payload.events), now)
        if late is not None:
            return late
        delivery = _delivery(parcel, source, now)
        return _Batch(payload, parcel, delivery) if payload.batch else self._lone(payload, parcel, delivery)

    def _lone(self, payload: Payload, parcel: Parcel, delivery: Delivery) -> Intake | Refusal:
        """Take one event, or refuse it."""
        source, (raw,) = delivery.source.name, payload.events
        shared = shared_by(payload, parcel.call.type, delivery, limits=self.settings, hasher=self._hasher)
        outcome = take_event(raw, shared, payload.plain)
        if type(outcome) is Taken:
            return Intake(source=source, emits=(outcome.emit,), types={outcome.type: 1}, refused={}, bots=outcome.bot)
        if not parcel.call.keep_bad:
            return outcome
        emit = reject_event(bytes(raw), outcome, delivery, self.settings)
        return Intake(source=source, emits=(emit,), types={}, refused={outcome.code: 1}, bots=0)

    def _open(self, parcel: Parcel) -> Payload | Refusal:
        batch = parcel.call.batch
        limit = self.body_limit(batch)
        data = inflate(parcel.body, limit.size, limit.refusal)
        if type(data) is Refusal:
            return data
        metrics.OBSERVER_BYTES.add(len(data))
        return read_payload(data, batch=batch, limits=self.settings)

    def _keep(self, parcel: Parcel, why: Refusal) -> Intake | Refusal:
        """Put a body that cannot be read aside, if a key outside of it says whose it is."""
        source = source_of(parcel.caller.keys, self.settings.write_keys)
        if type(source) is Refusal:
            return why
        delivery = _delivery(parcel, source, self._clock.now())
        emit = reject_event(parcel.body, why, delivery, self.settings)
        return Intake(source=source.name, emits=(emit,), types={}, refused={why.code: 1}, bots=0)

    def _rate(self, source: SourceConfig, events: int, now: int) -> Refusal | None:
        rate = self.settings.rate_limit
        if rate <= 0:
            return None
        self._buckets[source.name], wait = take(self._buckets.get(source.name), events, now, rate)
        if wait is None:
            return None
        return try_later(429, "rate_limited", f"this write key may send {rate:g} events a second", wait)

    async def _sort(self, batch: "_Batch") -> Intake:
        """Part the good from the bad, which are put aside with their reasons."""
        payload, delivery, limits = batch.payload, batch.delivery, self.settings
        shared = shared_by(payload, batch.parcel.call.type, delivery, limits=limits, hasher=self._hasher)
        emits: list[Emit] = []
        types: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        bots = 0
        for number, raw in enumerate(payload.events, 1):
            outcome = take_event(raw, shared)
            if type(outcome) is Taken:
                emits.append(outcome.emit)
                types[outcome.type] += 1
                bots += outcome.bot
            else:
                emits.append(reject_event(bytes(raw), outcome, delivery, limits))
                refused[outcome.code] += 1
            if number % _TURN == 0:
                await asyncio.sleep(0)
        return Intake(source=delivery.source.name, emits=emits, types=types, refused=refused, bots=bots)


def not_written(error: Unavailable | TimeoutError) -> Refusal:
    """Say why the log has not confirmed: whether it was written is open, and a copy does no harm."""
    if isinstance(error, TimeoutError):
        return try_later(503, "ack_timeout", "the log did not confirm in time: send it again")
    if isinstance(error, Overloaded):
        return try_later(503, "overloaded", "too much is waiting already: send it again", error.retry_after)
    return try_later(503, "unavailable", "the log cannot take it now: send it again", error.retry_after)


def _with_body_key(keys: KeyPlaces, payload: Payload) -> KeyPlaces:
    if payload.write_key is None:
        return keys
    return KeyPlaces(basic=keys.basic, body=payload.write_key, query=keys.query, header=keys.header)


def _delivery(parcel: Parcel, source: SourceConfig, now: int) -> Delivery:
    call, caller = parcel.call, parcel.caller
    return Delivery(
        source=source,
        received_at=now,
        channel="import" if call.historical else "web" if call.web or caller.web else None,
        historical=call.historical,
        sent_at=caller.sent_at,
        anonymous_id=caller.anonymous_id,
        user_agent=caller.user_agent,
        ip=caller.ip,
    )


def count(intake: Intake) -> None:
    """Count what is durable now."""
    for kind, number in intake.types.items():
        metrics.OBSERVER_EVENTS.add(number, kind, intake.source)
    for code, number in intake.refused.items():
        metrics.OBSERVER_REJECTED.add(number, code)
    if intake.bots:
        metrics.OBSERVER_BOTS.add(intake.bots)
