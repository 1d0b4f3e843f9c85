"""The timeline: what a person did, newest first, over all the profiles that became one."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.contracts.documents import TouchpointDoc
from leadflow.core.conditions import one_of
from leadflow.core.time import to_rfc3339
from leadflow.core.touchpoint import Signal
from leadflow.pipeline.scoring.counting import signal_of
from leadflow.ports import Cursor, Order, Store, Stored
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import documented
from leadflow_admin_api.trees import read_tree

router = APIRouter(tags=["profiles"])
_LISTING = "timeline"
_NEWEST_FIRST = Order("at", descending=True)
_CHUNK = 500


class TimelineSource(BaseModel):
    """Where a touchpoint came from."""

    name: str = Field(description="The write key's name; `admin` for what sales did.")
    channel: str = Field(description="Campaign source, else the referrer's host, else `direct`; `sales` for actions.")
    campaign: str | None
    medium: str | None
    via: str = Field(description="How it reached us: `web`, `mobile`, `server`, `import` or `sales`.")


class TimelineItem(BaseModel):
    """One thing that somebody did, or that sales did."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message_id": "m-17",
                    "type": "track",
                    "name": "Demo Requested",
                    "at": "2026-11-21T18:33:16.947Z",
                    "received_at": "2026-11-21T18:33:17.001Z",
                    "source": {
                        "name": "website",
                        "channel": "google",
                        "campaign": "spring",
                        "medium": "cpc",
                        "via": "web",
                    },
                    "properties": {"seats": 40},
                }
            ]
        }
    )

    message_id: str
    type: str
    name: str | None = Field(description="The event's name, the page's name or path, the action.")
    at: str = Field(description="Event time.")
    received_at: str
    source: TimelineSource
    properties: dict[str, Any] = Field(description="Traits for identify and group, the fields of an action.")
    historical: bool | None = Field(default=None, description="True: imported; starts no SLA and no alert.")
    bot: bool | None = Field(default=None, description="True: a crawler's; never scored.")
    rejected: bool | None = Field(default=None, description="True: scoring could not count it.")


class Timeline(BaseModel):
    """A page of the timeline."""

    items: list[TimelineItem]
    next: str
    more: bool


@router.get(
    "/profiles/{profile_id}/timeline",
    summary="What a person did, newest first",
    responses=documented(404),
    response_model=Timeline,
    response_model_exclude_unset=True,
)
async def timeline(ctx: Ctx, profile_id: str, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None) -> Any:
    """Over all merged profiles. What was erased is not in it."""
    tree = await read_tree(ctx.store, profile_id)
    start = read_cursor(_LISTING, cursor)
    found: list[tuple[Cursor, TimelineItem]] = []
    after, more = start, True
    while more and len(found) <= limit:
        chunk = await _read(ctx.store, tree.members, after, limit + 1)
        more = len(chunk) > limit
        after = _place(chunk[-1]) if chunk else after
        found += [(_place(stored), item) for stored in chunk if (item := _item(stored.value)) is not None]
    return page(_LISTING, [item for _, item in found], [place for place, _ in found], limit, start)


async def items_of(store: Store, members: Sequence[str]) -> AsyncIterator[TimelineItem]:
    """The whole timeline, a chunk at a time."""
    after: Cursor | None = None
    while chunk := await _read(store, members, after, _CHUNK):
        for stored in chunk:
            if (item := _item(stored.value)) is not None:
                yield item
        after = _place(chunk[-1])


async def _read(
    store: Store, members: Sequence[str], after: Cursor | None, limit: int
) -> Sequence[Stored[TouchpointDoc]]:
    return await store.find(TOUCHPOINTS, one_of("addr", members), order=_NEWEST_FIRST, limit=limit, after=after)


def _place(stored: Stored[TouchpointDoc]) -> Cursor:
    return stored.value.at, stored.key


def _item(doc: TouchpointDoc) -> TimelineItem | None:
    """None for what was erased."""
    if doc.value is None or doc.gone:
        return None
    signal = signal_of(doc.value, ())
    marks = {"historical": signal.historical, "bot": signal.bot, "rejected": doc.rejected}
    return TimelineItem(
        message_id=doc.message_id,
        type=signal.type,
        name=_name(signal),
        at=to_rfc3339(doc.at),
        received_at=to_rfc3339(doc.received_at),
        source=TimelineSource(
            name=doc.source,
            channel="sales" if signal.action else signal.marketing.channel,
            campaign=signal.marketing.campaign,
            medium=signal.marketing.medium,
            via=doc.value.channel,
        ),
        properties=_properties(signal),
        **{name: True for name, marked in marks.items() if marked},
    )


def _name(signal: Signal) -> str | None:
    if signal.action is not None:
        return signal.action.type
    return signal.event_name or (signal.path if signal.type in {"page", "screen"} else None)


def _properties(signal: Signal) -> dict[str, Any]:
    if signal.action is not None:
        return {"actor": signal.action.actor, **signal.action.fields}
    if signal.type in {"identify", "group"}:
        return {**signal.traits, **signal.properties}
    return dict(signal.properties)
