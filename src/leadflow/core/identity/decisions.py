"""What the resolver decides, as data: final images of documents and the records that follow from them."""

from typing import Literal

import msgspec

from leadflow.core.identity.forest import Claim, Cut, IdentifierKey, LinkField


class ClaimWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="claim"):
    """identities/{key}: whose it is from now on."""

    key: IdentifierKey
    claim: Claim


class NodeWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="node"):
    """profiles/{key}: all of the resolver's fields."""

    key: str
    order: tuple[int, str]
    ids: dict[IdentifierKey, tuple[Cut, ...]]
    members: tuple[str, ...]
    link: LinkField | None
    gen: int


class AddressWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="address"):
    """touchpoints/{key}: where it counts, and which of its identifiers were kept. The stream is `identity`."""

    key: str
    addr: str
    kept: tuple[IdentifierKey, ...]


class LedgerWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="ledger"):
    """merges/{key}: a merge or a refused one, for people to read."""

    key: str
    winner: str
    loser: str
    at: int
    message_id: str
    identifiers: tuple[IdentifierKey, ...]
    state: Literal["merged", "refused", "undone"]
    gen: int = 0
    reason: str = ""


class RefusedWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="refused"):
    """touchpoints/{key}: nobody could decide on it; a repaired copy may take its place."""

    key: str
    reason: str


DecidedWrite = ClaimWrite | NodeWrite | AddressWrite | LedgerWrite | RefusedWrite


class Linked(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="linked"):
    """Tell the lead of `child` that it has a parent now."""

    child: str
    link: LinkField


class Addressed(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="addressed"):
    """Send the touchpoint to the lead of the leaf `addr`; its body is read from its document when this is emitted."""

    touchpoint: str
    addr: str
    pos: tuple[int, int]
    ids: tuple[IdentifierKey, ...]
    kept: tuple[IdentifierKey, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="refused"):
    """Put the touchpoint aside, into the dead letters; its body is read from its document when this is emitted."""

    touchpoint: str
    reason: str


class Garbled(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="garbled"):
    """Put a record aside that is no evidence: `body` as it lay in the log. `identity` holds hashes only."""

    body: str
    reason: str


DecidedEmit = Linked | Addressed | Refused | Garbled


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the record at `pos` of `identity` changed: at most one write per document.

    `trace`: the record's own. Stored with the decision, whose batch may be read again in other parts than at first.
    """

    pos: int
    writes: tuple[DecidedWrite, ...] = ()
    emits: tuple[DecidedEmit, ...] = ()
    trace: str = ""
