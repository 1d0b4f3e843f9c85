"""The collections by name, each with the fields that queries may use and the indexes that serve them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from leadflow.contracts.documents import (
    CheckpointDoc,
    DecisionDoc,
    IdentityDoc,
    LeadDoc,
    MergeDoc,
    ModelDoc,
    ParkedDoc,
    ProfileDoc,
    RebuiltDoc,
    RejectionDoc,
    TouchpointDoc,
)
from leadflow.core.digest import Digest

D = TypeVar("D", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Collection(Generic[D]):
    """A kind of document: `fields` are the top-level attributes that queries may name, `indexes` tuples of them.

    Fields hold text, integers, booleans (as 0 and 1) or None; dotted names are not allowed. A key or a field declared
    as a Digest is found by equality.
    """

    name: str
    document: type[D]
    fields: Mapping[str, type[str] | type[int]] = field(default_factory=dict)
    indexes: tuple[tuple[str, ...], ...] = ()
    key: type[str] = str


IDENTITIES = Collection("identities", IdentityDoc)
PROFILES = Collection("profiles", ProfileDoc, key=Digest)
TOUCHPOINTS = Collection("touchpoints", TouchpointDoc, {"addr": Digest, "at": int}, (("addr", "at"),), key=Digest)
DECISIONS = Collection("decisions", DecisionDoc)
MERGES = Collection(
    "merges",
    MergeDoc,
    {"winner": str, "loser": str, "at": int, "state": str},
    (("winner", "at"), ("loser", "at"), ("at",)),
)
REJECTIONS = Collection("rejections", RejectionDoc)
LEADS = Collection(
    "leads",
    LeadDoc,
    {"stage": str, "temperature": str, "total": int, "since": int, "owner": str},
    (("stage", "total"), ("since",)),
    key=Digest,
)
PARKED = Collection("parked", ParkedDoc, {"lead": str, "position": int}, (("lead", "position"),))
REBUILT = Collection("rebuilt", RebuiltDoc)
MODELS = Collection("models", ModelDoc)
CHECKPOINTS = Collection("checkpoints", CheckpointDoc)

COLLECTIONS = (
    IDENTITIES,
    PROFILES,
    TOUCHPOINTS,
    DECISIONS,
    MERGES,
    REJECTIONS,
    LEADS,
    PARKED,
    REBUILT,
    MODELS,
    CHECKPOINTS,
)
