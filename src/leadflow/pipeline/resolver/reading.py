"""What deciding a batch needs: claims frozen first, so that from then on no processor can change what was read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from leadflow.contracts.collections import IDENTITIES, PROFILES, TOUCHPOINTS
from leadflow.contracts.documents import IdentityDoc, ProfileDoc, TouchpointDoc
from leadflow.contracts.identity import Evidence
from leadflow.core.identity.decide import Forest, News, Touched
from leadflow.core.identity.decisions import Decision, Garbled
from leadflow.core.identity.forest import Claim, IdentifierKey, Node, lone
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.parked import Misfit
from leadflow.pipeline.resolver.readings import Documents
from leadflow.ports import Record

_evidence = msgspec.json.Decoder(Evidence)


class _Outline(msgspec.Struct, frozen=True):
    """What can be told of a record that cannot be read."""

    kind: str = "evidence"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of `identity`. Commands are never put aside: those of a later version wait for a repair."""

    news: tuple[News, ...]
    garbled: tuple[Decision, ...]
    commands: tuple[Misfit, ...]


def read_news(records: Sequence[Record]) -> Batch:
    """Sort a batch into evidence, commands that this version does not know, and what nobody can read."""
    news: list[News] = []
    garbled: list[Decision] = []
    commands: list[Misfit] = []
    for record in records:
        try:
            news.append(_news(record.offset, _evidence.decode(record.value or b"")))
        except msgspec.MsgspecError as error:
            if _kind(record) == "evidence":
                body = (record.value or b"").decode(errors="replace")
                garbled.append(Decision(pos=record.offset, emits=(Garbled(body=body, reason=str(error)),)))
            else:
                commands.append(Misfit(record, str(error)))
    return Batch(tuple(news), tuple(garbled), tuple(commands))


def _kind(record: Record) -> str:
    try:
        return msgspec.json.decode(record.value or b"", type=_Outline).kind
    except msgspec.MsgspecError:
        return "evidence"


def _news(offset: int, evidence: Evidence) -> News:
    return News(
        pos=offset,
        touchpoint=evidence.touchpoint,
        touchpoint_pos=evidence.pos,
        ids=evidence.ids,
        received_at=evidence.received_at,
        sender=evidence.sender,
    )


async def read_forest(news: Sequence[News], store: Documents, hasher: Hasher) -> Forest:
    """Freeze the batch's identifiers and read their trees."""
    keys = list(dict.fromkeys(item.touchpoint for item in news))
    found = zip(keys, await store.get(TOUCHPOINTS, keys), strict=True)
    documents = {key: stored.value for key, stored in found if stored is not None}
    claims = await _freeze(documents, store)
    nodes = await _read_nodes(_first_nodes(news, claims, hasher), store)
    await _found_missing(claims, nodes, documents, store)
    touched = {key: _touched(document) for key, document in documents.items()}
    return Forest(claims=claims, nodes=nodes, touchpoints=touched)


async def _freeze(documents: Mapping[str, TouchpointDoc], store: Documents) -> dict[IdentifierKey, Claim]:
    """Read the claims of all identifiers of the batch; the absent become void, which no processor may claim.

    Most identifiers of evidence are absent: the insert tells which, and only the others are read.
    """
    first = {key: (document, index) for document in documents.values() for index, key in enumerate(document.keys)}
    keys = sorted(first)
    await store.insert(IDENTITIES, [(key, _void(*first[key])) for key in keys])
    found = zip(keys, await store.get(IDENTITIES, keys), strict=True)
    return {key: stored.value for key, stored in found if stored is not None}


def _void(document: TouchpointDoc, index: int) -> IdentityDoc:
    kind, value = document.ids[index]
    return IdentityDoc(type=kind, value=value, first_seen=document.at, source=document.source)


def _first_nodes(news: Sequence[News], claims: Mapping[IdentifierKey, Claim], hasher: Hasher) -> set[str]:
    """The leaves, and the profiles that the strongest identifiers would found where they are unclaimed."""
    leaves = {claim.leaf for claim in claims.values() if claim.leaf is not None}
    strongest = {key: claim for item in news for key in item.ids[:1] if (claim := claims.get(key)) is not None}
    return leaves | {hasher.profile(key, claim.incarnation) for key, claim in strongest.items() if claim.leaf is None}


async def _read_nodes(pids: Iterable[str], store: Documents) -> dict[str, Node]:
    """Read profiles and everything above them, a batch of reads per level."""
    nodes: dict[str, Node] = {}
    unread = sorted(pids)
    seen = set(unread)
    while unread:
        parents: set[str] = set()
        for pid, stored in zip(unread, await store.get(PROFILES, unread), strict=True):
            if stored is None:
                continue
            nodes[pid] = stored.value
            if stored.value.link is not None:
                parents.add(stored.value.link.parent)
        unread = sorted(parents - seen)
        seen |= parents
    return nodes


async def _found_missing(
    claims: Mapping[IdentifierKey, Claim],
    nodes: dict[str, Node],
    documents: Mapping[str, TouchpointDoc],
    store: Documents,
) -> None:
    """Insert the profile of a lone claim whose processor died in between, with the touchpoint at hand as its origin."""
    received = {key: document.received_at for document in documents.values() for key in document.keys}
    missing = {
        claim.leaf: lone(claim.leaf, received[key], key)
        for key, claim in claims.items()
        if claim.leaf is not None and claim.leaf not in nodes
    }
    if not missing:
        return
    profiles = [
        (pid, ProfileDoc(order=node.order, ids=node.ids, members=node.members)) for pid, node in missing.items()
    ]
    await store.insert(PROFILES, profiles)
    nodes |= await _read_nodes(missing, store)  # another may have inserted it first: what stands counts


def _touched(document: TouchpointDoc) -> Touched:
    return Touched(
        pos=document.pos,
        addr=document.addr,
        message_id=document.message_id,
        at=document.at,
        gone=document.gone,
        rejected=document.rejected,
    )
