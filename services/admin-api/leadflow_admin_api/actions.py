"""`POST /leads/{profile_id}/actions`: what sales does with a lead."""

from typing import Annotated

from fastapi import APIRouter, Body, Header
from pydantic import BaseModel, ConfigDict

from leadflow.core.scoring.stages import allowed_actions
from leadflow_admin_api.action_bodies import ActionBody, Override
from leadflow_admin_api.action_log import append, settled, stored, written
from leadflow_admin_api.context import Context, Ctx
from leadflow_admin_api.lead_answers import lead_now, stage_of
from leadflow_admin_api.lead_shapes import LEAD_EXAMPLE, Lead
from leadflow_admin_api.models import stage_names
from leadflow_admin_api.problems import Problem, documented, invalid
from leadflow_admin_api.trees import Tree, read_tree

router = APIRouter(tags=["leads"])

EXAMPLES = {
    "accept": {"summary": "Sales takes the lead", "value": {"type": "accept", "actor": "minh"}},
    "contact": {
        "summary": "A call that was answered",
        "value": {"type": "contact", "actor": "minh", "channel": "phone", "outcome": "conversation"},
    },
    "bant": {
        "summary": "Two of the four facts",
        "value": {"type": "bant", "actor": "minh", "budget": {"value": "20k"}, "timing": {"met": False}},
    },
    "override": {
        "summary": "A stage set by hand until the end of the year",
        "value": {
            "type": "override",
            "actor": "minh",
            "stage": "sql",
            "reason": "met at the fair",
            "expires_at": "2026-12-31T17:00:00Z",
        },
    },
}


class ActionTaken(BaseModel):
    """The action's message id, for `/receipts`, and the lead after it (or, after 5 s, as it is)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message_id": "0b9f0c3e5f0e4d0f8f0a1b2c3d4e5f60", "lead": LEAD_EXAMPLE}]}
    )

    message_id: str
    lead: Lead


@router.post(
    "/leads/{profile_id}/actions",
    status_code=202,
    summary="Accept, reject, contact, BANT, won, lost … a lead",
    responses=documented(400, 404, 409, 413),
)
async def act(
    ctx: Ctx,
    profile_id: str,
    action: Annotated[ActionBody, Body(openapi_examples=EXAMPLES)],
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=200, description="The same key acts once on a profile.")
    ] = None,
) -> ActionTaken:
    """409 with `allowed` where the stage does not allow it. A merged profile stands for the one it became part of."""
    _check_stage_name(ctx, action)
    named = written(ctx, profile_id, action, idempotency_key)
    # In this order: a stage that this very action has changed is only seen once its touchpoint can be seen, too.
    tree = await read_tree(ctx.store, profile_id)
    if idempotency_key is None or await stored(ctx.store, named) is None:
        if action.type not in allowed_actions(stage_of(tree)):
            raise _illegal(tree, action)
        await append(ctx, named, tree.root)
    await settled(ctx, named)
    return ActionTaken(message_id=named.message_id, lead=await lead_now(ctx, profile_id))


def _illegal(tree: Tree, action: ActionBody) -> Problem:
    stage = stage_of(tree)
    allowed = list(allowed_actions(stage))
    detail = f"{action.type!r} is not possible in stage {stage!r}; allowed now: {', '.join(allowed)}"
    return Problem(409, "illegal_action", detail, allowed=allowed, stage=stage)


def _check_stage_name(ctx: Context, action: ActionBody) -> None:
    if isinstance(action, Override) and action.stage not in stage_names(ctx.settings.model):
        raise invalid("stage", f"{action.stage[:100]!r} is none of {', '.join(stage_names(ctx.settings.model))}")
