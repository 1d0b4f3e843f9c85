"""The field's words for a touchpoint, shared by contracts and core."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

TouchpointType = Literal["identify", "track", "page", "screen", "group", "alias", "action"]
Channel = Literal["web", "mobile", "server", "import", "sales"]
Quality = Literal["opt_in", "partner", "bought", "scraped"]

IdentifierType = str  # user_id, email, phone, anonymous_id, device_id, crm_id, national_id or a configured custom id


class Identifier(msgspec.Struct, frozen=True, order=True, gc=False):
    """One identifier in its normal form."""

    type: IdentifierType
    value: str


class Marketing(msgspec.Struct, frozen=True, gc=False):
    """Where a touchpoint came from: campaign, else the referrer's host, else `direct`."""

    channel: str = "direct"  # campaign.source, else the referrer's host, else `direct`
    medium: str | None = None  # campaign.medium
    campaign: str | None = None  # campaign.name


class Action(msgspec.Struct, frozen=True, gc=False):
    """What sales did: `type` of SEMANTICS 4 and the fields that it carries."""

    type: str
    actor: str
    fields: Mapping[str, Any] = {}


class Signal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A touchpoint as scoring reads it. Times are milliseconds since the epoch."""

    message_id: str
    source: str
    type: TouchpointType
    at: int
    received_at: int
    event: str | None = None  # normal form: lower case, `_`, `-` and runs of spaces as one space
    event_name: str | None = None  # as sent
    path: str | None = None  # no query, no trailing slash, lower case; page and screen calls and others alike
    properties: Mapping[str, Any] = {}
    traits: Mapping[str, Any] = {}  # what this touchpoint says about the person or company
    consents: Mapping[str, bool] = {}
    marketing: Marketing = Marketing()
    quality: Quality | None = None  # stated by context.source_quality or the write key; None: not stated
    contacts: tuple[Identifier, ...] = ()  # the e-mails and phones that identity kept for this touchpoint
    historical: bool = False
    bot: bool = False
    active: bool = True  # context.active is not false
    action: Action | None = None
