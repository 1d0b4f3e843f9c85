"""The pipe of the observer: body → payload → source → events → log. One request is one append, acknowledged once."""

import asyncio
import time
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from prometheus_client import Counter

from leadflow import metrics
from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.body import inflate
from leadflow.pipeline.ingest.deadline import Deadline
from leadflow.pipeline.ingest.delivery import Delivery
from leadflow.pipeline.ingest.events import Taken, reject_event, take_event
from leadflow.pipeline.ingest.payload import Payload, batch_too_large, event_too_large, read_payload
from leadflow.pipeline.ingest.rate import Bucket, take
from leadflow.pipeline.ingest.refusal import Refusal, try_later
from leadflow.pipeline.ingest.settings import ObserverSettings, SourceConfig
from leadflow.pipeline.ingest.write_key import KeyPlaces, source_of
from leadflow.ports import Clock, Emit, Log, Overloaded, Unavailable

_TURN = 200
"""After so many events of one batch the others get their turn."""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A request without its transport.

    `batch` None: what the body says. `keep_bad`: a lone bad event goes to `rejected` instead of being refused, for
    senders that cannot read an answer.
    """

    body: bytes
    keys: KeyPlaces
    type: TouchpointType | None = None
    batch: bool | None = False
    keep_bad: bool = False
    web: bool = False
    historical: bool = False
    sent_at: int | None = None
    anonymous_id: str | None = None
    user_agent: str | None = None
    ip: str | None = None


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written for one request, and what to count once it is durable."""

    source: str
    emits: tuple[Emit, ...]
    types: dict[str, int]
    refused: dict[str, int]
    bots: int


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
        self._event_too_large = event_too_large(None, settings)
        self._batch_too_large = batch_too_large(f"more than {settings.max_batch_bytes} bytes")
        self._buckets: dict[str, Bucket] = {}

    def too_large(self, batch: bool | None) -> Refusal:  # noqa: FBT001  # three-valued, as in Parcel
        """Say that a body is above the limit of its path."""
        return self._event_too_large if batch is False else self._batch_too_large

    async def accept(self, parcel: Parcel) -> Refusal | None:
        """Take a request's events in. None: they are durable. Refusals with 5xx and 429 left nothing behind to mend."""
        intake = self._examine(parcel)
        if isinstance(intake, _Batch):
            intake = await self._sort(intake)
        if isinstance(intake, Refusal):
            return intake
        refusal = await self._append(intake.emits)
        if refusal is None:
            _count(intake)
        return refusal

    def _examine(self, parcel: Parcel) -> "Intake | _Batch | Refusal":
        """Do everything before the log: nothing is written. The events of a batch are left to be sorted."""
        payload = self._open(parcel)
        if isinstance(payload, Refusal):
            return self._keep(parcel, payload) if parcel.keep_bad else payload
        source = source_of(_with_body_key(parcel.keys, payload), self.settings.write_keys)
        if isinstance(source, Refusal):
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
        outcome = self._take(raw, payload, parcel, delivery)
        if isinstance(outcome, Taken):
            return Intake(source=source, emits=(outcome.emit,), types={outcome.type: 1}, refused={}, bots=outcome.bot)
        if not parcel.keep_bad:
            return outcome
        emit = reject_event(raw, outcome, delivery, self.settings)
        return Intake(source=source, emits=(emit,), types={}, refused={outcome.code: 1}, bots=0)

    def _take(self, raw: bytes, payload: Payload, parcel: Parcel, delivery: Delivery) -> Taken | Refusal:
        return take_event(raw, parcel.type, payload, delivery, limits=self.settings, hasher=self._hasher)

    def _open(self, parcel: Parcel) -> Payload | Refusal:
        limits = self.settings
        limit = limits.max_event_bytes if parcel.batch is False else limits.max_batch_bytes
        data = inflate(parcel.body, limit, self.too_large(parcel.batch))
        if isinstance(data, Refusal):
            return data
        metrics.OBSERVER_BYTES.inc(len(data))
        return read_payload(data, batch=parcel.batch, limits=limits)

    def _keep(self, parcel: Parcel, why: Refusal) -> Intake | Refusal:
        """Put a body that cannot be read aside, if a key outside of it says whose it is."""
        source = source_of(parcel.keys, self.settings.write_keys)
        if isinstance(source, Refusal):
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
        payload, delivery = batch.payload, batch.delivery
        emits: list[Emit] = []
        types: dict[str, int] = {}
        refused: dict[str, int] = {}
        bots = 0
        for number, raw in enumerate(payload.events, 1):
            outcome = self._take(raw, payload, batch.parcel, delivery)
            if isinstance(outcome, Taken):
                emits.append(outcome.emit)
                types[outcome.type] = types.get(outcome.type, 0) + 1
                bots += outcome.bot
            else:
                emits.append(reject_event(raw, outcome, delivery, self.settings))
                refused[outcome.code] = refused.get(outcome.code, 0) + 1
            if number % _TURN == 0:
                await asyncio.sleep(0)
        return Intake(source=delivery.source.name, emits=tuple(emits), types=types, refused=refused, bots=bots)

    async def _append(self, emits: Sequence[Emit]) -> Refusal | None:
        """Write, and wait until it is durable."""
        if not emits:
            return None
        began = time.perf_counter()
        try:
            await self._ack.wait(self._log.append(emits))
        except Overloaded as error:
            return try_later(503, "overloaded", "too much is waiting already: send it again", error.retry_after)
        except Unavailable as error:
            return try_later(503, "unavailable", "the log cannot take it now: send it again", error.retry_after)
        except TimeoutError:
            return try_later(503, "ack_timeout", "the log did not confirm in time: send it again")
        metrics.OBSERVER_ACK_SECONDS.observe(time.perf_counter() - began)
        return None


def _with_body_key(keys: KeyPlaces, payload: Payload) -> KeyPlaces:
    return KeyPlaces(basic=keys.basic, body=payload.write_key, query=keys.query, header=keys.header)


def _delivery(parcel: Parcel, source: SourceConfig, now: int) -> Delivery:
    return Delivery(
        source=source,
        received_at=now,
        web=parcel.web,
        historical=parcel.historical,
        sent_at=parcel.sent_at,
        anonymous_id=parcel.anonymous_id,
        user_agent=parcel.user_agent,
        ip=parcel.ip,
    )


@lru_cache(maxsize=1024)
def _events(kind: str, source: str) -> Counter:
    """Look the metric of a type and a source up: both come from small, closed sets."""
    return metrics.OBSERVER_EVENTS.labels(kind, source)


def _count(intake: Intake) -> None:
    for kind, number in intake.types.items():
        _events(kind, intake.source).inc(number)
    for code, number in intake.refused.items():
        metrics.OBSERVER_REJECTED.labels(code).inc(number)
    if intake.bots:
        metrics.OBSERVER_BOTS.inc(intake.bots)
