"""What stands still until the code is repaired: parked leads, and commands that nobody can read."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from leadflow.core.time import to_rfc3339
from leadflow.pipeline.replay.parked import parked_commands, parked_leads, release
from leadflow.ports import Store
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import Problem, documented
from leadflow_admin_api.trees import read_tree

router = APIRouter(tags=["operations"])

_LISTING = "parked"


class Waiting(BaseModel):
    """A lead that a control record has stopped, or a command that is for no lead."""

    kind: Literal["lead", "command"]
    profile_id: str | None = Field(description="The profile that stands still; null for a command.")
    topic: str
    position: int = Field(description="Of the record that could not be applied, in its partition of the topic.")
    since: str
    reason: str
    waiting: int = Field(description="How many records wait, in order.")


class ParkedPage(BaseModel):
    """A page of what stands still."""

    items: list[Waiting]
    next: str
    more: bool


class Released(BaseModel):
    """The profiles of the person that were told to go on."""

    released: list[str]


@router.get("/parked", summary="What stands still, and why", response_model=ParkedPage, responses=documented())
async def parked(ctx: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None) -> dict[str, Any]:
    """Empty when all is well. Everybody else's records are processed meanwhile; nothing that waits is lost."""
    start = read_cursor(_LISTING, cursor)
    found = {
        key: item for key, item in sorted((await _standing_still(ctx.store)).items()) if key > (start or (0, ""))[1]
    }
    return page(_LISTING, list(found.values()), [(0, key) for key in found], limit, start)


async def _standing_still(store: Store) -> dict[str, Waiting]:
    """By key: profile ids, and the places of commands."""
    leads = {
        lead.profile_id: Waiting(
            kind="lead",
            profile_id=lead.profile_id,
            topic="resolved",
            position=lead.parked.position,
            since=to_rfc3339(lead.parked.since),
            reason=lead.parked.reason,
            waiting=lead.waiting,
        )
        for lead in await parked_leads(store)
    }
    commands = {
        stored.key: Waiting(
            kind="command",
            profile_id=None,
            topic=stored.value.topic,
            position=stored.value.position,
            since=to_rfc3339(stored.value.since),
            reason=stored.value.reason,
            waiting=1,
        )
        for stored in await parked_commands(store)
    }
    return leads | commands


@router.post(
    "/leads/{profile_id}/release", status_code=202, summary="Let a parked lead go on", responses=documented(404, 409)
)
async def let_go(ctx: Ctx, profile_id: str) -> Released:
    """Its owner applies what waits, in order; what still cannot be applied parks it again. 409 if it is not parked."""
    tree = await read_tree(ctx.store, profile_id)
    stopped = {member: lead.parked for member, lead in tree.leads.items() if lead.parked is not None}
    if not stopped:
        raise Problem(409, "not_parked", f"nothing of {profile_id[:80]!r} stands still")
    await ctx.log.append([release(member, why) for member, why in stopped.items()])
    return Released(released=sorted(stopped))
