"""What the pipeline needs from the outside: a Log, a Store and a Clock. Contract suites hold the adapters to it.

Every method may raise `Unavailable` (try again later; nothing was done, or what was done is idempotent). Nothing here
blocks the event loop.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from leadflow.contracts.collections import Collection
from leadflow.core.conditions import Condition
from leadflow.core.identity.hashing import Hasher
from leadflow.core.trace_context import TraceContext

D = TypeVar("D", bound=msgspec.Struct)


class LeadflowError(Exception):
    """The root of all errors that Leadflow raises on purpose."""


class Unavailable(LeadflowError):
    """The log or the store cannot serve now (down, locked, full): retry later. `retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """More is waiting than memory allows: shed load, answer 503 with Retry-After."""


class Fenced(LeadflowError):
    """Another owner has taken this partition over: stop, drop all state, rejoin."""


class Revoked(Fenced):
    """The group has given this partition to another member: its task ends quietly, others go on."""


class Overtaken(Fenced):
    """A newer owner of a group that shares its partitions has fenced us: leave, drop all state, join again."""


class Superseded(LeadflowError):
    """A later deployment goes by other rules: this process must not go on with its own."""


class LostPosition(LeadflowError):
    """The position to go on from is not in the log any more: an operator has to decide; never skip silently."""


# --- the log ---------------------------------------------------------------------------------------------------------


class Emit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record to be written. `value` None is a tombstone. `id` and `type` become the CloudEvents headers.

    `trace`: the `traceparent` of what it follows from, empty where that is not traced. Carried along, never acted upon.
    """

    topic: str
    key: str
    value: bytes | None
    id: str = ""
    type: str = ""
    partition: int | None = None  # None: by the key
    trace: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record read from the log. `timestamp`: milliseconds since the epoch, set by the log. `trace`: see Emit."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    timestamp: int
    trace: str = ""


class Assignment(Protocol):
    """One partition of one topic, owned by one consumer of one group until it is fenced or closed."""

    @property
    def topic(self) -> str:
        """Its topic, by the logical name."""

    @property
    def partition(self) -> int:
        """Its number, from 0."""

    @property
    def position(self) -> int:
        """The offset that the next `fetch` starts from."""

    async def fetch(self, max_records: int, wait: float) -> Sequence[Record]:
        """The next records in order, at most `max_records`; empty after `wait` seconds without one. Raises Fenced.

        Does not move the committed offset; successive fetches go on where the last one ended.
        """

    async def commit(self, next_offset: int, emits: Sequence[Emit]) -> None:
        """Write all `emits` and the group's offset as one atomic, durable step. Raises Fenced, Unavailable."""

    def seek(self, offset: int) -> None:
        """Fetch from `offset` next. Raises LostPosition if it lies before the log's beginning or behind its end."""


class Log(Protocol):
    """Topics of partitions of records, kept durably and in order. Topics are named logically; see contracts.topics."""

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""

    def partition_for(self, topic: str, key: str) -> int:
        """The partition that a key belongs to: the same for every process."""

    async def append(self, emits: Sequence[Emit]) -> None:
        """Write records; they are durable when this returns. Raises Overloaded at once when too many bytes wait."""

    def consume(self, group: str, topic: str) -> AbstractAsyncContextManager[AsyncIterator[Assignment]]:
        """Join a group: yields an Assignment for each partition that becomes ours. Owning one fences its last owner."""

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Record]:
        """Committed records from `offset` on, for subscribers outside any group; too old an offset: from the oldest."""

    async def bounds(self, topic: str) -> Sequence[tuple[int, int]]:
        """For each partition: the oldest offset that is kept, and the next one to be written."""

    async def committed(self, group: str, topic: str) -> Sequence[int | None]:
        """For each partition: the group's committed offset, None when it has none."""

    async def wait(self, topic: str, ends: Sequence[int], seconds: float) -> None:
        """Return when any partition of `topic` has grown beyond `ends`, or after `seconds`."""


Told = Callable[[Exception | None], None]
"""Learns what came of an append. None: it is durable; else what `Log.append` would have raised. Must not raise."""


@runtime_checkable
class Enlisting(Protocol):
    """What a log may offer besides: an append that nobody has to await, for those who would need a task for it."""

    def enlist(self, emits: Sequence[Emit], told: Told) -> None:
        """As `Log.append`: `told` once on the event loop, never before this returns. Raises at once what is known."""


# --- the store -------------------------------------------------------------------------------------------------------


class Stored(msgspec.Struct, Generic[D], frozen=True, gc=False):
    """A document as read: its value and the revision that a compare-and-set must name."""

    key: str
    value: D
    rev: str


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a declared field; ties are broken by the key in the same direction."""

    field: str
    descending: bool = False


Cursor = tuple[Any, str]
"""Where a page ended: (value of the order field, key)."""


class Store(Protocol):
    """Collections of documents with a key and a revision. One document is the only unit of atomicity."""

    async def get(self, collection: Collection[D], keys: Sequence[str]) -> Sequence[Stored[D] | None]:
        """Each key's document or None, in the order of the keys."""

    async def insert(self, collection: Collection[D], documents: Sequence[tuple[str, D]]) -> Sequence[str | None]:
        """Insert where the key is absent: the new revision; None: it exists (conflict or simply there). Per element."""

    async def replace(self, collection: Collection[D], documents: Sequence[tuple[str, D, str]]) -> Sequence[str | None]:
        """Compare-and-set of (key, value, revision): the new one; None: another, or gone. Per element, in order."""

    async def supersede(
        self, collection: Collection[D], documents: Sequence[tuple[Stored[D], D]]
    ) -> Sequence[str | None]:
        """`replace` by those who hold what stands, as it was read or written: (as it stands, as it is to be).

        A store that knows what it replaces need not look for it.
        """

    async def delete(self, collection: Collection[D], keys: Sequence[str]) -> None:
        """Delete; absent keys are no error."""

    async def find(
        self,
        collection: Collection[D],
        where: Condition | None = None,
        *,
        order: Order | None = None,
        limit: int = 100,
        after: Cursor | None = None,
    ) -> Sequence[Stored[D]]:
        """Documents that satisfy a condition over declared fields, by keyset, strictly behind `after`.

        Documents whose order field is None are left out. Without an order they come by key, and `after` is ("", key).
        """

    async def count(self, collection: Collection[D], by: str, where: Condition | None = None) -> Mapping[Any, int]:
        """How many documents there are for each value of the declared field `by`; None is left out."""


class Clock(Protocol):
    """The time, as an input."""

    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""


# --- traces ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of work on something that is traced: nanoseconds since the epoch. No personal data in `attributes`."""

    name: str
    kind: Literal["server", "consumer", "producer"]
    context: TraceContext
    parent: TraceContext | None
    began: int
    ended: int
    attributes: Mapping[str, str | int]
    failed: bool = False


class Tracer(Protocol):
    """Decides what is traced, and takes the spans. Never blocks, never raises; drops spans when too many wait."""

    def begin(self, parent: TraceContext | None) -> TraceContext | None:
        """Begin a span for a request; None where nobody wants to see it. The sender's own decision stands."""

    def finish(self, span: Span) -> None:
        """Take a span that has ended."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a service needs from the outside, as one: what a composition root hands over."""

    log: Log
    store: Store
    clock: Clock
    hasher: Hasher
