"""The resolver's mind: evidence in the order of the log in, decisions out. Pure, sequential, replayable.

The grouping of identifiers is a function of the log alone: a claimed lone identifier and an unclaimed one are decided
alike, so it does not matter whether a processor had claimed it before the evidence came.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from leadflow.core.identity.decisions import (
    Addressed,
    AddressWrite,
    ClaimWrite,
    DecidedEmit,
    DecidedWrite,
    Decision,
    LedgerWrite,
    Linked,
    NodeWrite,
    Refused,
    RefusedWrite,
)
from leadflow.core.identity.forest import Claim, Cut, IdentifierKey, LinkField, Node, lone, why_apart

T = TypeVar("T")

_VOID = Claim()


class News(msgspec.Struct, frozen=True, gc=False):
    """A touchpoint whose identifiers bring news, at position `pos` of `identity`. `ids`: strongest first."""

    pos: int
    touchpoint: str
    touchpoint_pos: tuple[int, int]
    ids: tuple[IdentifierKey, ...]
    received_at: int
    sender: str | None = None


class Touched(msgspec.Struct, frozen=True, gc=False):
    """What the resolver needs of a touchpoint's document."""

    pos: tuple[int, int]
    addr: str | None
    message_id: str
    at: int
    gone: bool = False
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits per identifier type, and how a new profile is named: (identifier key, incarnation) -> profile id."""

    limits: Mapping[str, int]
    profile_id: Callable[[IdentifierKey, int], str]


@dataclass(slots=True)
class Forest:
    """The documents as read, overlaid by the decisions of the batch so far. Absent claims are void."""

    claims: dict[IdentifierKey, Claim]
    nodes: dict[str, Node]
    touchpoints: dict[str, Touched]
    # What stood there before the item at hand.
    _dirty_nodes: dict[str, Node | None] = field(default_factory=dict)
    _dirty_claims: dict[IdentifierKey, Claim | None] = field(default_factory=dict)

    def path(self, pid: str) -> list[str]:
        """From a profile up to its root; an absent profile of a lone leaf reads as a root."""
        way = [pid]
        while (node := self.nodes.get(way[-1])) is not None and node.link is not None:
            way.append(node.link.parent)
        return way

    def put(self, pid: str, node: Node) -> None:
        """Overlay a node."""
        self._dirty_nodes.setdefault(pid, self.nodes.get(pid))
        self.nodes[pid] = node

    def claim(self, keys: Sequence[IdentifierKey], leaf: str) -> None:
        """Overlay claims and enter their identifiers on every node from the leaf to its root."""
        if not keys:
            return
        for key in keys:
            before = self.claims.get(key)
            self._dirty_claims.setdefault(key, before)
            known = before or _VOID
            self.claims[key] = Claim(leaf=leaf, incarnation=known.incarnation, erased_at=known.erased_at)
        entries: dict[IdentifierKey, tuple[Cut, ...]] = dict.fromkeys(keys, ())
        for pid in self.path(leaf):
            node = self.nodes[pid]
            self.put(pid, msgspec.structs.replace(node, ids=node.ids | entries))

    def flush(self) -> list[DecidedWrite]:
        """The final image of everything that changed since the last flush, one write per document."""
        writes: list[DecidedWrite] = [ClaimWrite(key=key, claim=self.claims[key]) for key in self._dirty_claims]
        for pid in self._dirty_nodes:
            node = self.nodes[pid]
            writes.append(
                NodeWrite(key=pid, order=node.order, ids=node.ids, members=node.members, link=node.link, gen=node.gen)
            )
        self._dirty_claims.clear()
        self._dirty_nodes.clear()
        return writes

    def roll_back(self) -> None:
        """Undo what has changed since the last flush: the item at hand cannot be decided."""
        _restore(self.claims, self._dirty_claims)
        _restore(self.nodes, self._dirty_nodes)


def _restore(documents: dict[str, T], before: dict[str, T | None]) -> None:
    """Put back what stood there before."""
    for key, old in before.items():
        if old is None:
            del documents[key]
        else:
            documents[key] = old
    before.clear()


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Which identifiers of a touchpoint stay together: kept, the unclaimed among them, the roots met, and refused."""

    kept: list[IdentifierKey]
    unclaimed: list[IdentifierKey]
    roots: list[str]
    refused: list[tuple[IdentifierKey, str | None, str]]  # identifier, its root, why


def decide(records: Sequence[News], forest: Forest, rules: Rules) -> tuple[Decision, ...]:
    """Decide a batch.

    `forest` must hold every claim of the batch's identifiers, the paths above their leaves, and the profile that an
    item's strongest identifier would found if it is unclaimed; it is changed in place: it is this batch's own copy.
    """
    return tuple(_decide_or_refuse(record, forest, rules) for record in records)


def _decide_or_refuse(news: News, forest: Forest, rules: Rules) -> Decision:
    """Decide one item. What cannot be decided, by a defect or by what it says, changes nothing for anybody else."""
    touched = forest.touchpoints.get(news.touchpoint)
    if touched is None:
        return Decision(pos=news.pos)
    try:
        return _decide_one(news, touched, forest, rules)
    except Exception as error:  # noqa: BLE001  it is refused, with the kind of its error
        forest.roll_back()
        forest.touchpoints[news.touchpoint] = msgspec.structs.replace(touched, rejected=True)
        reason = type(error).__name__
        return Decision(
            pos=news.pos,
            writes=(RefusedWrite(key=news.touchpoint, reason=reason),),
            emits=(Refused(touchpoint=news.touchpoint, reason=reason),),
        )


def _decide_one(news: News, touched: Touched, forest: Forest, rules: Rules) -> Decision:
    current = touched.pos == news.touchpoint_pos and touched.addr == news.sender
    if not current or touched.gone or touched.rejected or not news.ids:
        return Decision(pos=news.pos)  # read or sent twice: it has been decided
    grouping = _group(news.ids, forest, rules)
    base = _base(grouping, forest, rules, news.received_at)
    forest.claim(grouping.unclaimed, base)
    emits: list[DecidedEmit] = []
    ledger = list(_link(grouping, forest, news, touched, emits))
    addr = forest.claims[grouping.kept[0]].leaf or base
    forest.touchpoints[news.touchpoint] = msgspec.structs.replace(touched, addr=addr)
    kept = tuple(grouping.kept)
    ledger += _refusals(grouping, news, touched.message_id, forest.path(addr)[-1])
    writes = forest.flush()
    writes.append(AddressWrite(key=news.touchpoint, addr=addr, kept=kept))
    writes += ledger
    emits.append(Addressed(touchpoint=news.touchpoint, addr=addr, pos=touched.pos, ids=news.ids, kept=kept))
    return Decision(pos=news.pos, writes=tuple(writes), emits=tuple(emits))


def _group(ids: Iterable[IdentifierKey], forest: Forest, rules: Rules) -> _Grouping:
    """Strongest first: keep what is in the tree or may join it, drop the rest."""
    grouping = _Grouping([], [], [], [])
    tree: dict[IdentifierKey, tuple[tuple[int, int], ...]] = {}
    for key in ids:
        leaf = forest.claims.get(key, _VOID).leaf
        root = forest.path(leaf)[-1] if leaf is not None else None
        if root is not None and root in grouping.roots:
            grouping.kept.append(key)
            continue
        joining = forest.nodes[root].ids if root is not None else {key: ()}
        reason = why_apart(tree, joining, rules.limits) if grouping.kept else None
        if reason is not None:
            grouping.refused.append((key, root, reason))
            continue
        tree |= joining
        grouping.kept.append(key)
        if root is None:
            grouping.unclaimed.append(key)
        else:
            grouping.roots.append(root)
    return grouping


def _base(grouping: _Grouping, forest: Forest, rules: Rules, received_at: int) -> str:
    """The leaf for the unclaimed: that of the strongest kept identifier that has one, else a new profile."""
    for key in grouping.kept:
        leaf = forest.claims.get(key, _VOID).leaf
        if leaf is not None:
            return leaf
    strongest = grouping.kept[0]
    base = rules.profile_id(strongest, forest.claims.get(strongest, _VOID).incarnation)
    if base not in forest.nodes:
        forest.put(base, lone(base, received_at, None))
    grouping.roots.append(forest.path(base)[-1])
    return base


def _link(
    grouping: _Grouping, forest: Forest, news: News, touched: Touched, emits: list[DecidedEmit]
) -> Iterable[LedgerWrite]:
    """Link the roots that met under the oldest of them."""
    winner, *losers = sorted(grouping.roots, key=lambda root: forest.nodes[root].order)
    for loser in losers:
        node, above = forest.nodes[loser], forest.nodes[winner]
        link = LinkField(parent=winner, gen=node.gen + 1, at=touched.at, cause=touched.message_id)
        forest.put(loser, msgspec.structs.replace(node, link=link, gen=link.gen))
        members = above.members + node.members
        forest.put(winner, msgspec.structs.replace(above, ids={**above.ids, **node.ids}, members=members))
        emits.append(Linked(child=loser, link=link))
        yield LedgerWrite(
            key=f"{loser}.{link.gen}",
            winner=winner,
            loser=loser,
            at=news.received_at,
            message_id=touched.message_id,
            identifiers=tuple(grouping.kept),
            state="merged",
            gen=link.gen,
        )


def _refusals(grouping: _Grouping, news: News, message_id: str, winner: str) -> Iterable[LedgerWrite]:
    for key, root, reason in grouping.refused:
        yield LedgerWrite(
            key=f"{news.touchpoint}.{key.replace(':', '.')}",
            winner=winner,
            loser=root or "",
            at=news.received_at,
            message_id=message_id,
            identifiers=(key,),
            state="refused",
            reason=reason,
        )
