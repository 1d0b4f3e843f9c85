"""The whole pipeline over the in-memory ports, driven batch by batch: no server, every order under control."""

import json
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.collections import IDENTITIES, LEADS, PROFILES
from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import shipped_model
from leadflow.core.scoring.model import Model
from leadflow.core.touchpoint import Identifier
from leadflow.pipeline.hop import Step
from leadflow.pipeline.processor import Processor
from leadflow.pipeline.rejections import Rejections
from leadflow.pipeline.resolver import Resolver
from leadflow.pipeline.scoring import Scorer
from leadflow.ports import Emit, Record, Store

StepFunction = Callable[[Sequence[Record]], Awaitable[Step]]

NOW = 1_790_000_000_000  # 2026-09-21T13:33:20Z
MODEL = shipped_model("b2b")


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is moved."""

    instant: int = NOW

    def now(self) -> int:
        """The instant it was set to."""
        return self.instant


def touchpoint(
    message_id: str,
    *,
    type: str = "track",  # noqa: A002
    at: int = NOW,
    received_at: int | None = None,
    source: str = "web",
    body: Mapping[str, Any] | None = None,
    **envelope: Any,
) -> Touchpoint:
    """A touchpoint as an observer would put it into the log."""
    return Touchpoint(
        message_id=message_id,
        source=source,
        type=type,  # type: ignore[arg-type]
        at=at,
        received_at=at if received_at is None else received_at,
        body=msgspec.Raw(json.dumps({"type": type, "messageId": message_id, **(body or {})}).encode()),
        **envelope,
    )


@dataclass
class Pipeline:
    """Observer's output in, documents and public records out."""

    partitions: int = 3
    seed: int = 0
    model: Model = MODEL
    marks: int = 0  # offsets that each commit uses up without a record
    log: MemoryLog = field(init=False)
    store: Store = field(default_factory=MemoryStore)
    clock: FixedClock = field(default_factory=FixedClock)
    hasher: Hasher = field(default_factory=lambda: Hasher(b"a secret of the tests"))
    rules: IdentityRules = field(default_factory=IdentityRules)

    def __post_init__(self) -> None:
        self.log = MemoryLog(partitions=self.partitions, clock=self.clock, marks=lambda: self.marks)
        self._random = random.Random(self.seed)  # noqa: S311  an order to replay, not a secret
        processor = Processor(self.store, self.clock, self.hasher, self.rules)
        resolver = Resolver(self.store, self.clock, self.hasher, self.rules)
        self.scorer = Scorer(self.log, self.store, self.clock, self.model)
        rejections = Rejections(self.store, self.hasher)
        self.hops: tuple[tuple[str, StepFunction], ...] = (
            (topics.TOUCHPOINTS, processor.step),
            (topics.IDENTITY, resolver.step),
            (topics.RESOLVED, self._score),
            (topics.REJECTED, rejections.step),
        )

    def use(self, scorer: Scorer) -> None:
        """Go on with another scorer, as after a restart."""
        self.scorer = scorer

    async def _score(self, records: Sequence[Record]) -> Step:
        return await self.scorer.step(records)

    async def touchpoints(self) -> list[Touchpoint]:
        """What was sent, in the order of event time."""
        found = [msgspec.json.decode(r.value or b"", type=Touchpoint) for r in await self.records(topics.TOUCHPOINTS)]
        return sorted(found, key=lambda item: (item.at, item.message_id))

    async def send(self, touchpoints: Iterable[Touchpoint], *, keys: Sequence[str] = ()) -> None:
        """Append touchpoints; `keys` spread them over partitions, else all of one person go by their message id."""
        emits = [
            Emit(
                topic=topics.TOUCHPOINTS,
                key=self._random.choice(keys) if keys else item.target or item.source,
                value=msgspec.json.encode(item),
            )
            for item in touchpoints
        ]
        await self.log.append(emits)

    async def settle(self, batch: int = 100) -> None:
        """Let every hop take steps of random size, in random order, until nothing is left to read."""
        await self._settle(self.hops, batch)

    async def settle_before_scoring(self, batch: int = 100) -> None:
        """The same, but the scorer rests."""
        await self._settle([hop for hop in self.hops if hop[0] != topics.RESOLVED], batch)

    async def _settle(self, hops: Sequence[tuple[str, StepFunction]], batch: int) -> None:
        while True:
            moved = False
            for topic, step in self._random.sample(hops, len(hops)):
                async with self.log.consume("test", topic) as assignments:
                    async for assignment in assignments:
                        records = await assignment.fetch(self._random.randint(1, batch), 0)
                        if records:
                            done: Step = await step(records)
                            await assignment.commit(done.next_offset, done.emits)
                            moved = True
            if not moved:
                return

    async def records(self, topic: str) -> list[Record]:
        """Everything in a topic, partition by partition."""
        found: list[Record] = []
        for partition in range(self.log.partitions(topic)):
            found += await self.log.read(topic, partition, 0, 1_000_000)
        return found

    async def changes(self) -> list[dict[str, Any]]:
        """The stage changes published, decoded."""
        return [json.loads(record.value or b"") for record in await self.records(topics.STAGE_CHANGES)]

    async def rejected(self) -> list[dict[str, Any]]:
        """What was refused, decoded."""
        return [json.loads(record.value or b"") for record in await self.records(topics.REJECTED)]

    async def root_of(self, kind: str, value: str) -> str | None:
        """The profile that an identifier (normal form) leads to, following merges."""
        (identity,) = await self.store.get(IDENTITIES, [self.hasher.identifier(Identifier(kind, value))])
        pid = identity.value.leaf if identity is not None else None
        while pid is not None:
            (profile,) = await self.store.get(PROFILES, [pid])
            if profile is None or profile.value.link is None:
                return pid
            pid = profile.value.link.parent
        return None

    async def lead_of(self, kind: str, value: str) -> LeadDoc:
        """The lead of an identifier's root."""
        root = await self.root_of(kind, value)
        (lead,) = await self.store.get(LEADS, [root or ""])
        assert lead is not None
        return lead.value

    async def partition_of_identifiers(self) -> dict[str, frozenset[str]]:
        """For each root: the identifiers (`type:value`) that lead to it."""
        groups: dict[str, set[str]] = {}
        for stored in await self.store.find(IDENTITIES, limit=1_000_000):
            identity = stored.value
            if identity.leaf is not None:
                root = await self.root_of(identity.type, identity.value or "")
                groups.setdefault(root or "", set()).add(f"{identity.type}:{identity.value}")
        return {root: frozenset(group) for root, group in groups.items()}
