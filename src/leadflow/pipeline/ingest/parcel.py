"""A request without its transport: what its path says, what its headers say, and its body."""

import msgspec

from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.ingest.settings import SourceConfig
from leadflow.pipeline.ingest.write_key import KeyPlaces


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a path says about its requests: one constant for each path.

    `batch` None: what the body says. `keep_bad`: a lone bad event goes to `rejected` instead of being refused, for
    senders that cannot read an answer.
    """

    type: TouchpointType | None = None
    batch: bool | None = False
    keep_bad: bool = False
    web: bool = False
    historical: bool = False


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says about its sender outside of its body, often word for word what the one before said.

    `source`: whose the key in the strongest place is, which no other place can overrule; None: no key stands there.
    """

    keys: KeyPlaces
    source: SourceConfig | Refusal | None = None
    web: bool = False
    sent_at: int | None = None  # milliseconds, from the SentAt header
    anonymous_id: str | None = None
    user_agent: str | None = None
    ip: str | None = None


class Parcel(msgspec.Struct, frozen=True, gc=False):
    """A request whose body has come."""

    body: bytes
    call: Call
    caller: Caller
