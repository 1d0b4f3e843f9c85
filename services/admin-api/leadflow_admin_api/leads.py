"""Leads: one as of now, many as last scored."""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from leadflow.contracts.collections import LEADS
from leadflow.contracts.documents import LeadDoc
from leadflow.core.conditions import Condition, all_of, equals
from leadflow.core.scoring.actions import DETOURS, PATH
from leadflow.ports import Cursor, Order, Store, Stored
from leadflow_admin_api.context import Context, Ctx
from leadflow_admin_api.lead_answers import lead_as_scored, lead_now
from leadflow_admin_api.lead_shapes import Lead, Leads, Temperature
from leadflow_admin_api.models import stage_names
from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import documented, invalid
from leadflow_admin_api.trees import trees_of

router = APIRouter(tags=["leads"])

Sort = Literal["-score", "score", "-since", "since"]
_FIELDS = {"score": "total", "since": "since"}


@router.get("/leads", summary="The leads, best first", responses=documented(), response_model=Leads)
async def leads(
    ctx: Ctx,
    *,
    stage: Annotated[str | None, Query(description="Only this stage.", examples=["mql"])] = None,
    temperature: Annotated[Temperature | None, Query(description="Only these.")] = None,
    owner: Annotated[str | None, Query(description="Only what this owner was assigned.")] = None,
    sort: Annotated[Sort, Query(description="By stored score or time in stage; `-` sorts downwards.")] = "-score",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> dict[str, Any]:
    """Sorted by the stored score, which is as of each lead's `as_of`. Merged profiles are one lead."""
    listing = f"leads:{sort}"
    start = read_cursor(listing, cursor)
    order = Order(_FIELDS[sort.lstrip("-")], descending=sort.startswith("-"))
    where = _where(ctx, stage, temperature, owner)
    if order.field == "total" and stage is None:
        found = await _of_all_stages(ctx.store, where, order, limit + 1, start)
    else:
        found = await ctx.store.find(
            LEADS, all_of(*where) if where else None, order=order, limit=limit + 1, after=start
        )
    cursors = [(getattr(doc.value, order.field), doc.key) for doc in found]
    items = [lead_as_scored(ctx, tree) for tree in await trees_of(ctx.store, found[:limit])]
    return page(listing, items, cursors, limit, start)


@router.get("/leads/{profile_id}", summary="A lead", responses=documented(404))
async def lead(ctx: Ctx, profile_id: str) -> Lead:
    """Scored as of now. A merged id answers with the lead that it became part of."""
    return await lead_now(ctx, profile_id)


async def _of_all_stages(
    store: Store, where: Sequence[Condition], order: Order, limit: int, after: Cursor | None
) -> Sequence[Stored[LeadDoc]]:
    """A page over all stages by score, merged from each stage's: one index less to write with each lead."""
    of_each = [
        await store.find(LEADS, all_of(equals("stage", stage), *where), order=order, limit=limit, after=after)
        for stage in (*PATH, *DETOURS)
    ]
    merged = sorted(chain(*of_each), key=lambda lead: (lead.value.total, lead.key), reverse=order.descending)
    return merged[:limit]


def _where(ctx: Context, stage: str | None, temperature: str | None, owner: str | None) -> list[Condition]:
    if stage is not None and stage not in stage_names(ctx.settings.model):
        raise invalid("stage", f"{stage[:100]!r} is none of {', '.join(stage_names(ctx.settings.model))}")
    wanted = {"stage": stage, "temperature": temperature, "owner": owner}
    return [equals(field, value) for field, value in wanted.items() if value is not None]
