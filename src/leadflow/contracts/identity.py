"""Topic `identity`: evidence, in the one order in which identity is decided.

It carries identifiers only as keyed hashes (`type:hash`), so no personal data rests in it.
"""

import msgspec

from leadflow.core.identity.forest import IdentifierKey

Position = tuple[int, int]
"""(partition, offset) of a record in `touchpoints`."""


class Evidence(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="kind", tag="evidence"
):
    """A touchpoint whose identifiers bring news. `sender` is the gone leaf that sent it back, None the first time."""

    touchpoint: str  # key of the touchpoint's document
    pos: Position
    ids: tuple[IdentifierKey, ...]  # strongest first
    received_at: int
    sender: str | None = None
    repair: int = 0


IdentityRecord = Evidence
"""Everything that `identity` carries. Commands (unmerge, erase) will join it as further kinds."""
