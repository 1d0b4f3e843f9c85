"""Everything that is stored about a person, as one JSON document, written while it is read."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from leadflow.contracts.collections import MERGES
from leadflow.core.time import to_rfc3339
from leadflow.ports import Cursor, Order, Store
from leadflow_admin_api import merges, profiles, timeline
from leadflow_admin_api.context import Context, Ctx
from leadflow_admin_api.lead_answers import lead_at
from leadflow_admin_api.problems import documented
from leadflow_admin_api.trees import Tree, read_tree

router = APIRouter(tags=["profiles"])
_CHUNK = 500


@router.get(
    "/profiles/{profile_id}/export",
    summary="Everything about a person, for themselves",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`{exported_at, profile, lead, merges[], timeline[]}`: all of it, newest first.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **documented(404),
    },
)
async def export(ctx: Ctx, profile_id: str) -> StreamingResponse:
    """A merged id exports the person that it became part of."""
    tree = await read_tree(ctx.store, profile_id)
    headers = {"Content-Disposition": f'attachment; filename="{tree.root}.json"', "Cache-Control": "no-store"}
    return StreamingResponse(_document(ctx, tree), media_type="application/json", headers=headers)


async def _document(ctx: Context, tree: Tree) -> AsyncIterator[str]:
    now = ctx.clock.now()
    profile = await profiles.answer(ctx.store, tree)
    yield f'{{"exported_at":"{to_rfc3339(now)}","profile":{profile.model_dump_json()}'
    yield f',"lead":{lead_at(ctx, tree, now).model_dump_json()},"merges":['
    async for chunk in _joined(_merges(ctx.store, tree)):
        yield chunk
    yield '],"timeline":['
    async for chunk in _joined(timeline.items_of(ctx.store, tree.members)):
        yield chunk
    yield "]}"


async def _merges(store: Store, tree: Tree) -> AsyncIterator[merges.Merge]:
    after: Cursor | None = None
    where, order = merges.of_profiles(tree.members), Order("at")
    while chunk := await store.find(MERGES, where, order=order, limit=_CHUNK, after=after):
        for merge in await merges.answers(store, chunk):
            yield merge
        after = (chunk[-1].value.at, chunk[-1].key)


async def _joined(items: AsyncIterator[BaseModel]) -> AsyncIterator[str]:
    """The items of a JSON array."""
    separator = ""
    async for item in items:
        yield separator + item.model_dump_json(exclude_unset=True)
        separator = ","
