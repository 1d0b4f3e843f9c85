"""Decisions become documents: compare-and-set guarded by the position, so that a zombie's old write never lands."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from leadflow.contracts.collections import IDENTITIES, MERGES, PROFILES, TOUCHPOINTS, Collection
from leadflow.contracts.documents import IdentityDoc, MergeDoc, ProfileDoc, TouchpointDoc
from leadflow.contracts.resolved import IDENTITY_STREAM
from leadflow.core.identity.decisions import (
    AddressWrite,
    ClaimWrite,
    DecidedWrite,
    Decision,
    LedgerWrite,
    NodeWrite,
    RefusedWrite,
)
from leadflow.pipeline.resolver.readings import Documents
from leadflow.ports import Stored

D = TypeVar("D", IdentityDoc, ProfileDoc, TouchpointDoc, MergeDoc)
W = TypeVar("W", bound=DecidedWrite)

Image = tuple[int, W]
"""(position of its decision, the write)."""


async def apply(decisions: Sequence[Decision], store: Documents) -> None:
    """Bring the documents to the final image that a batch of decisions gives them; may be done again at any time.

    Only the last image of each document is written: every image holds all of the resolver's fields. Profiles come
    first, so that whoever sees a claim finds its profile.
    """
    images = _last(decisions)
    await _write(store, PROFILES, images[NodeWrite], _with_node)
    await _write(store, IDENTITIES, images[ClaimWrite], _with_claim)
    await _write(store, MERGES, images[LedgerWrite], _with_entry)
    await _write(store, TOUCHPOINTS, images[AddressWrite], _with_address)
    await _write(store, TOUCHPOINTS, images[RefusedWrite], _with_refusal)


def _last(decisions: Iterable[Decision]) -> defaultdict[type[DecidedWrite], dict[str, Image[Any]]]:
    """By kind of write the last one for each document."""
    images: defaultdict[type[DecidedWrite], dict[str, Image[Any]]] = defaultdict(dict)
    for decision in decisions:
        for write in decision.writes:
            images[type(write)][write.key] = (decision.pos, write)
    return images


async def _write(
    store: Documents,
    collection: Collection[D],
    images: Mapping[str, Image[W]],
    merge: Callable[[D | None, int, W], D | None],
) -> None:
    """Insert or replace until every document is at its image's position or beyond."""
    waiting = dict(images)
    while waiting:
        keys = list(waiting)
        inserts: list[tuple[str, D]] = []
        changes: list[tuple[Stored[D], D]] = []
        for key, stored in zip(keys, await store.get(collection, keys), strict=True):
            position, write = waiting[key]
            if stored is not None and stored.value.gp >= position:
                continue
            document = merge(stored.value if stored is not None else None, position, write)
            if document is None:
                continue
            if stored is None:
                inserts.append((key, document))
            else:
                changes.append((stored, document))
        done = await store.insert(collection, inserts) if inserts else ()
        again = {key for (key, _), ok in zip(inserts, done, strict=True) if not ok}
        done = await store.supersede(collection, changes) if changes else ()
        again |= {known.key for (known, _), ok in zip(changes, done, strict=True) if not ok}
        waiting = {key: waiting[key] for key in again}


def _with_node(document: ProfileDoc | None, position: int, write: NodeWrite) -> ProfileDoc:
    gone = document.gone if document is not None else None
    return ProfileDoc(
        order=write.order,
        ids=write.ids,
        members=write.members,
        link=write.link,
        gen=write.gen,
        gone=gone,
        gp=position,
    )


def _with_claim(document: IdentityDoc | None, position: int, write: ClaimWrite) -> IdentityDoc | None:
    if document is None:  # freezing made it; it cannot have gone
        return None
    claim = write.claim
    return msgspec.structs.replace(
        document, leaf=claim.leaf, incarnation=claim.incarnation, erased_at=claim.erased_at, gp=position
    )


def _with_entry(_: MergeDoc | None, position: int, write: LedgerWrite) -> MergeDoc:
    return MergeDoc(
        winner=write.winner,
        loser=write.loser,
        at=write.at,
        message_id=write.message_id,
        identifiers=write.identifiers,
        state=write.state,
        gen=write.gen,
        reason=write.reason,
        gp=position,
    )


def _with_address(document: TouchpointDoc | None, position: int, write: AddressWrite) -> TouchpointDoc | None:
    if document is None or document.gone:  # an erased touchpoint is left alone
        return None
    return msgspec.structs.replace(
        document, addr=write.addr, kept=write.kept, via="id", src=(IDENTITY_STREAM, position), gp=position
    )


def _with_refusal(document: TouchpointDoc | None, position: int, write: RefusedWrite) -> TouchpointDoc | None:
    if document is None or document.gone:
        return None
    return msgspec.structs.replace(document, rejected=True, reason=f"poison: {write.reason}", gp=position)
