"""Topic `resolved`: everything that changes a lead, keyed by its profile id."""

import msgspec

from leadflow.contracts.identity import Position
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.scoring.stages import Standing, Trigger
from leadflow.core.scoring.tally import Tally

Source = tuple[str, int]
"""(stream, position): the stream is `t<partition>` of `touchpoints`, or `identity`."""

IDENTITY_STREAM = "identity"


class Resolved(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="kind", tag="resolved"
):
    """A touchpoint, addressed to the leaf where it counts for ever."""

    to: str
    touchpoint: str  # key of the touchpoint's document
    pos: Position
    src: Source
    ids: tuple[str, ...]  # identifier keys as read, strongest first
    contacts: tuple[tuple[str, str], ...]  # (type, normal value) of the e-mails and phones that identity kept
    value: Touchpoint


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="link"):
    """The profile `to` is now a child of `parent`. `at`: event time of the cause."""

    to: str
    parent: str
    gen: int
    at: int
    cause: str  # message id


class Unlink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="unlink"):
    """The profile `to` is a root again."""

    to: str
    gen: int
    at: int
    cause: str


class Child(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="child"):
    """The value of the subtree of `child`, for its parent `to`. `linked_at` orders children and settles consent."""

    to: str
    child: str
    gen: int
    version: int
    linked_at: int
    value: Tally
    trigger: Trigger
    standings: tuple[Standing, ...] = ()  # news of a link: how far the subtree had come; the further stage counts


class Cut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="cut"):
    """Forget what was known of `child` up to generation `gen`."""

    to: str
    child: str
    gen: int
    trigger: Trigger


class Rescore(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="rescore"):
    """A new model: the leads of this partition with ids from `first` up to, not including, `past` are counted anew.

    It ends its batch. The ranges keep what one commit emits small; without them it is for the whole partition.
    `generation`: the number of the model's announcement; a process that counts by an earlier one has to stop here.
    """

    model: str
    version: str
    first: str = ""
    past: str | None = None
    generation: int = 0


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="rebuilt"):
    """A replay has counted these leads of this partition anew, beside the live ones: take them over. Ends its batch."""

    leads: tuple[str, ...]


class Release(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="release"):
    """What made the lead `to` stop has been repaired: apply what waits for it. It ends its batch."""

    to: str


LeadRecord = Resolved | Link | Unlink | Child | Cut
"""A record to one lead, folded in the order of its partition."""

Order = Rescore | Rebuilt | Release
"""What the owner of a partition is told to do with its leads."""

ResolvedRecord = LeadRecord | Order
