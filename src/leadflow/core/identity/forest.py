"""The identity forest: claims at the leaves, links between roots, and what a tree may hold.

A leaf is the profile that an identifier was claimed for; a claim changes only by erasure. A merge is one link child ->
parent between two roots, later under earlier in the immutable `order`; nothing is moved or copied. `ids` and `members`
cover a node's whole subtree and stand on every node, so that an unmerge finds what is its own.
"""

from collections.abc import Iterable, Mapping

import msgspec

IdentifierKey = str
"""`type:hash`: the type of an identifier and the keyed hash of its normal value."""

Cut = tuple[int, int]
"""(position of an unmerge, side): no tree may hold both sides of one cut."""


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Whose an identifier is. `leaf` None is void: nobody's, and only the resolver may give it away."""

    leaf: str | None = None
    incarnation: int = 0
    erased_at: int = -1


class LinkField(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The edge from a profile to its parent. `at`: event time (ms) of the touchpoint `cause` (a message id)."""

    parent: str
    gen: int
    at: int
    cause: str


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A profile as the forest knows it. `order` = (received_at, profile id), immutable: merges go to the least."""

    order: tuple[int, str]
    ids: dict[IdentifierKey, tuple[Cut, ...]] = {}
    members: tuple[str, ...] = ()
    link: LinkField | None = None
    gen: int = 0
    gone: int | None = None


def type_of(key: IdentifierKey) -> str:
    """The identifier type that a key names."""
    return key.partition(":")[0]


def lone(pid: str, received_at: int, key: IdentifierKey | None) -> Node:
    """A profile of its own, with at most one identifier."""
    return Node(order=(received_at, pid), ids={key: ()} if key else {}, members=(pid,))


def why_apart(
    tree: Mapping[IdentifierKey, Iterable[Cut]],
    other: Mapping[IdentifierKey, Iterable[Cut]],
    limits: Mapping[str, int],
) -> str | None:
    """Why two sets of identifiers may not become one tree, None when they may.

    A type without a limit is unlimited. Limits come first, by the types' names, so that the reason is stable.
    """
    counts: dict[str, int] = {}
    too_many: list[str] = []
    for key in {**tree, **other}:
        kind = key.partition(":")[0]  # as type_of, which would be half the work here
        counts[kind] = count = counts.get(kind, 0) + 1
        if count > limits.get(kind, count):
            too_many.append(kind)
    if too_many:
        over = min(too_many)
        return f"limit: a profile has at most {limits[over]} {over}, this would make {counts[over]}"
    if not any(tree.values()) and not any(other.values()):  # hardly any identifier was ever cut
        return None
    sides = {tuple(cut) for cuts in (*tree.values(), *other.values()) if cuts for cut in cuts}
    if any((position, 1 - side) in sides for position, side in sides):
        return "apart: an unmerge keeps these profiles apart"
    return None
