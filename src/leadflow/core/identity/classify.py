"""The straight path: which touchpoints bring no news about identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from leadflow.core.identity.forest import Claim, IdentifierKey


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the identifiers of a batch: claims as read (None: absent), and the roots of its leaves.

    A leaf that is the only one wherever it is named needs no root.
    """

    claims: Mapping[IdentifierKey, Claim | None]
    roots: Mapping[str, str]


class Route(msgspec.Struct, frozen=True, gc=False):
    """`straight` to the leaf `addr`; `lone`: claim the one new identifier first; `evidence`: the resolver decides."""

    kind: Literal["straight", "lone", "evidence"]
    addr: str | None = None


_LONE = Route("lone")
_EVIDENCE = Route("evidence")


def classify(ids: Sequence[IdentifierKey], received_at: int, known: Known) -> Route:
    """How a touchpoint with these identifiers (strongest first, at least one) goes on.

    Straight only when every identifier is claimed, none was erased since the touchpoint was received, and all leaves
    are of one tree.
    """
    if len(ids) == 1 and known.claims[ids[0]] is None:
        return _LONE
    leaves: list[str] = []
    for key in ids:
        claim = known.claims[key]
        if claim is None or claim.leaf is None or claim.erased_at >= received_at:
            return _EVIDENCE
        leaves.append(claim.leaf)
    first = leaves[0]
    one_tree = leaves.count(first) == len(leaves) or len({known.roots[leaf] for leaf in leaves}) == 1
    return Route("straight", first) if one_tree else _EVIDENCE
