"""What is known of identifiers and trees: read in batches, remembered where it cannot change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leadflow.contracts.collections import IDENTITIES, PROFILES
from leadflow.contracts.documents import IdentityDoc, ProfileDoc
from leadflow.core.identity.classify import Known
from leadflow.core.identity.forest import Claim, IdentifierKey, lone
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.processor.arrival import Arrival
from leadflow.ports import Store

_REMEMBERED_WAYS = 65_536  # as below
_REMEMBERED = 200_000  # entries of each memory; when full it starts anew, which costs a few reads


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known before classifying.

    `ways`: where senders go straight on to, by their keys. Of all others, the `strangers`: their claims (None: absent),
    and the documents of those claims that were not remembered.
    """

    ways: dict[tuple[IdentifierKey, ...], str]
    strangers: Sequence[Arrival]
    claims: dict[IdentifierKey, Claim | None]
    documents: dict[IdentifierKey, IdentityDoc]

    def is_lone(self, arrival: Arrival) -> bool:
        """Whether its only identifier is new, so that it founds a profile."""
        keys = arrival.sender.keys
        return len(keys) == 1 and keys not in self.ways and self.claims[keys[0]] is None


class Knowledge:
    """Claims and roots for a processor.

    A claim changes only by erasure and may be remembered. A remembered root is a hint: too old a one sends a touchpoint
    to the resolver, or on to its leaf; both are right. So may be what follows from both: the way of a sender all of
    whose identifiers are claimed in one tree and were never erased.
    """

    def __init__(self, store: Store, hasher: Hasher) -> None:
        self._store = store
        self._hasher = hasher
        self._claims: dict[IdentifierKey, Claim] = {}
        self._roots: dict[str, str] = {}
        self._ways: dict[tuple[IdentifierKey, ...], str] = {}

    async def read(self, arrivals: Iterable[Arrival]) -> "Reading":
        """The ways of those who have come before, and the claims of everything that the others name."""
        ways: dict[tuple[IdentifierKey, ...], str] = {}
        strangers: list[Arrival] = []
        remembered = self._ways.get
        for arrival in arrivals:
            keys = arrival.sender.keys
            way = remembered(keys)
            if way is None:
                strangers.append(arrival)
            else:
                ways[keys] = way
        unknown = {key for stranger in strangers for key in stranger.sender.keys}
        return Reading(ways, strangers, *await self._read_claims(unknown))

    async def complete(self, reading: "Reading", arrivals: Sequence[Arrival]) -> Known:
        """Everything that classifying these arrivals needs, none of which is stored; claims lone new identifiers."""
        claims = reading.claims
        arrivals = [arrival for arrival in arrivals if arrival.sender.keys not in reading.ways]
        await self._found([arrival for arrival in arrivals if _has_founded(arrival, reading.documents)])
        new = {arrival.sender.keys[0]: arrival for arrival in reversed(arrivals) if reading.is_lone(arrival)}
        if new:
            claims |= await self._claim(new)
        return Known(claims, await self._read_roots(arrivals, claims))

    def remember(self, keys: tuple[IdentifierKey, ...], addr: str, known: Known) -> None:
        """Keep the way of a sender that went straight on, unless an identifier was erased: then times matter."""
        if len(self._ways) >= _REMEMBERED_WAYS:
            self._ways.clear()
        if all(claim is not None and claim.erased_at < 0 for claim in map(known.claims.get, keys)):
            self._ways[keys] = addr

    async def _read_claims(
        self, keys: set[IdentifierKey]
    ) -> tuple[dict[IdentifierKey, Claim | None], dict[IdentifierKey, IdentityDoc]]:
        """The claims, and the documents of those that had to be read."""
        claims: dict[IdentifierKey, Claim | None] = {key: self._claims.get(key) for key in keys}
        missing = [key for key, claim in claims.items() if claim is None]
        found = zip(missing, await self._store.get(IDENTITIES, missing), strict=True) if missing else ()
        read = {key: stored.value for key, stored in found if stored is not None}
        return claims | {key: self._remember(key, identity) for key, identity in read.items()}, read

    def _remember(self, key: IdentifierKey, claim: Claim) -> Claim:
        claim = Claim(leaf=claim.leaf, incarnation=claim.incarnation, erased_at=claim.erased_at)
        if claim.leaf is not None and claim.erased_at < 0:
            if len(self._claims) >= _REMEMBERED:
                self._claims.clear()
            self._claims[key] = claim
        return claim

    async def _claim(self, new: dict[IdentifierKey, Arrival]) -> dict[IdentifierKey, Claim | None]:
        """Claim lone new identifiers, first the identity, then its profile. Who comes second takes what stands."""
        leaves = {key: self._hasher.profile(key, 0) for key in new}
        inserted = await self._store.insert(
            IDENTITIES, [(key, _identity(arrival, leaves[key])) for key, arrival in new.items()]
        )
        founded = [key for key, done in zip(new, inserted, strict=True) if done]
        await self._found([new[key] for key in founded])
        claims: dict[IdentifierKey, Claim | None] = {}
        for key in founded:
            claims[key] = self._remember(key, Claim(leaf=leaves[key]))
        others, _ = await self._read_claims(set(new) - set(founded))
        return claims | others

    async def _found(self, founders: Sequence[Arrival]) -> None:
        """Insert the profiles of lone identifiers, each with its founder as its origin."""
        if founders:
            await self._store.insert(PROFILES, [self._profile(founder) for founder in founders])

    def _profile(self, founder: Arrival) -> tuple[str, ProfileDoc]:
        (key,) = founder.sender.keys
        node = lone(self._hasher.profile(key, 0), founder.header.received_at, key)
        return node.order[1], ProfileDoc(order=node.order, ids=node.ids, members=node.members)

    async def _read_roots(
        self, arrivals: Iterable[Arrival], claims: dict[IdentifierKey, Claim | None]
    ) -> dict[str, str]:
        """The roots of leaves that are named together. Hints that differ are read anew."""
        roots: dict[str, str] = {}
        doubtful: set[str] = set()
        for arrival in arrivals:
            keys = arrival.sender.keys
            if len(keys) == 1:
                continue
            found = [claim.leaf for key in keys if (claim := claims[key]) is not None]
            leaves = {leaf for leaf in found if leaf is not None}
            if len(leaves) <= 1:
                continue
            hints = {leaf: root for leaf in leaves if (root := self._roots.get(leaf)) is not None}
            if len(hints) < len(leaves) or len(set(hints.values())) > 1:
                doubtful |= leaves
            else:
                roots |= hints
        if doubtful:
            roots |= await self._walk(doubtful)
        return roots

    async def _walk(self, leaves: set[str]) -> dict[str, str]:
        """Follow links up, a batch of reads per level. An absent profile of a lone leaf reads as a root."""
        tops = {leaf: leaf for leaf in leaves}
        parents: dict[str, str | None] = {}
        while unread := sorted({top for top in tops.values() if top not in parents}):
            for pid, stored in zip(unread, await self._store.get(PROFILES, unread), strict=True):
                parents[pid] = stored.value.link.parent if stored is not None and stored.value.link else None
            tops = {leaf: parents.get(top) or top for leaf, top in tops.items()}
        if len(self._roots) >= _REMEMBERED:
            self._roots.clear()
        self._roots |= tops
        return tops


def _identity(arrival: Arrival, leaf: str) -> IdentityDoc:
    ((kind, value),) = arrival.sender.ids
    return IdentityDoc(
        type=kind,
        value=value,
        leaf=leaf,
        first_seen=arrival.header.at,
        source=arrival.header.source,
    )


def _has_founded(arrival: Arrival, read: Mapping[IdentifierKey, IdentityDoc]) -> bool:
    """Whether this touchpoint, which is not stored yet, has claimed its identifier before.

    Then a crash came between, perhaps before the profile was there.
    """
    keys = arrival.sender.keys
    if len(keys) != 1 or (identity := read.get(keys[0])) is None:
        return False
    origin = (arrival.header.at, arrival.header.source)
    return identity.gp < 0 and identity.leaf is not None and (identity.first_seen, identity.source) == origin
