"""The documents of the store. Every write is an insert or a compare-and-set; docs/protocol.md says who writes what.

Times are milliseconds since the epoch, UTC. `gp`: the position in `identity` of the resolver's last write, -1 at first.
"""

from typing import Literal

import msgspec

from leadflow.contracts.identity import Position
from leadflow.contracts.lead import LeadScore
from leadflow.contracts.resolved import Source
from leadflow.contracts.touchpoint import NO_JSON, Touchpoint
from leadflow.core.identity.decisions import Decision
from leadflow.core.identity.forest import Claim, IdentifierKey, Node
from leadflow.core.scoring.stages import Standing
from leadflow.core.scoring.tally import Stated, Tally


class IdentityDoc(Claim, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """identities/{type:hash}. `leaf` None is void: frozen by the resolver, nobody's. `value` goes with an erasure."""

    type: str
    value: str | None
    gp: int = -1
    first_seen: int = 0
    source: str = ""


class ProfileDoc(Node, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """profiles/{pid}: a node of the forest. Never deleted, only emptied."""

    gp: int = -1


class TouchpointDoc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """touchpoints/{source:mid hashed}. Written once by a processor; for via `id` the resolver adds the address."""

    pos: Position
    via: Literal["tp", "id"]
    at: int
    received_at: int
    source: str
    message_id: str
    ids: tuple[tuple[str, str], ...]  # (type, normal value), strongest first; their keys in `keys`
    keys: tuple[IdentifierKey, ...]
    value: Touchpoint | None  # None: erased
    addr: str | None = None
    src: Source | None = None
    kept: tuple[IdentifierKey, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()  # (identifier type, why it is none)
    rejected: bool = False
    reason: str | None = None
    repair: int = 0
    gone: bool = False
    gp: int = -1


class ArrivedDoc(TouchpointDoc, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A TouchpointDoc as a processor writes it: its touchpoint still in the bytes that lay in the log.

    The JSON is the same. It is never read as this, and `value` only goes on into records.
    """

    value: msgspec.Raw  # type: ignore[assignment]  # encoded already


class MergeDoc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """merges/{id}: the ledger as people read it; `refused` names the identifier that was dropped and why."""

    winner: str
    loser: str
    at: int
    message_id: str
    identifiers: tuple[IdentifierKey, ...]
    state: Literal["merged", "refused", "undone"]
    gen: int = 0
    reason: str = ""
    gp: int = -1


class RejectionDoc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """rejections/{source:mid hashed}: the receipt of what was refused; the raw bytes stay in the topic."""

    source: str
    message_id: str
    hop: str
    code: str
    reason: str
    at: int


class ChildEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a parent knows of a child's subtree."""

    gen: int
    version: int
    linked_at: int
    value: Tally
    standings: tuple[Standing, ...] = ()  # as the subtree stood when it was linked: a merge takes the further stage


class OutboxEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An output that was stored before it is emitted: the position of its cause, topic, key, value, id, type."""

    position: int
    topic: str
    key: str
    value: msgspec.Raw
    id: str = ""
    type: str = ""


class Parked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a lead stands still: the record at `position` of its partition could not be applied. `since`: ms."""

    position: int
    since: int
    reason: str


class ParkedDoc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """parked/{lead.position or topic.partition.position}: a control record that waits for a repair of the code.

    `lead`: for which lead it waits, after those of lower positions; empty where a record names none.
    """

    topic: str
    partition: int
    position: int
    key: str
    value: msgspec.Raw
    since: int
    reason: str = ""
    lead: str = ""


class RebuiltDoc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """rebuilt/{pid}: a lead's own part, counted anew by a replay from the touchpoints up to `marks`, with `model`.

    `publish`: also where it is the same, the lead says what it is worth: its parent or its lists have it otherwise.
    """

    own: Tally
    traits: dict[str, Stated]
    first_seen: int | None
    last_seen: int | None
    marks: dict[str, int]
    model: str
    publish: bool = False


class LeadDoc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """leads/{pid}: written only by the owner of its partition of `resolved`.

    `stage`, `temperature`, `total` (micro-points), `since` and `owner` are what lists filter and sort by; they are None
    while the profile is linked below another or gone, so that lists and the funnel hold roots only.
    """

    own: Tally = Tally()
    traits: dict[str, Stated] = {}
    marks: dict[str, int] = {}
    children: dict[str, ChildEntry] = {}
    cut: dict[str, int] = {}
    parent: str | None = None
    linked_at: int = 0
    gen: int = 0
    version: int = 0
    standing: Standing = Standing()
    outbox: tuple[OutboxEntry, ...] = ()
    model: str = ""
    gone: int | None = None
    parked: Parked | None = None
    pos: int = -1
    first_seen: int | None = None
    last_seen: int | None = None
    stage: str | None = None
    temperature: str | None = None
    total: int | None = None
    since: int | None = None
    owner: str | None = None
    score: msgspec.Raw = NO_JSON  # the latest LeadScore, byte for byte as published

    def published(self) -> LeadScore | None:
        """The latest score, None of a lead that has none of its own."""
        return _score.decode(self.score)


_score: msgspec.json.Decoder[LeadScore | None] = msgspec.json.Decoder(LeadScore | None)


class DecisionDoc(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """decisions/{start offset}: decided once, whoever reads the batch again."""

    upto: int
    items: tuple[Decision, ...]


class ModelDoc(msgspec.Struct, frozen=True, kw_only=True):
    """models/current: the model that the leads were counted with; `generation`: the number of its announcement."""

    name: str
    version: str
    generation: int = 0


class CheckpointDoc(msgspec.Struct, frozen=True, kw_only=True):
    """checkpoints/{group:topic:partition}: a second memory of the committed offset."""

    offset: int
