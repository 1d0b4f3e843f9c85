"""`GET /stage-changes` and its stream."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import EventSourceResponse

from leadflow_admin_api.change_stream import LINE_END, follow
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.lead_shapes import (
    ContributionAnswer,
    CriterionAnswer,
    LeadSource,
    ModelName,
    NextAnswer,
    ScoreWithTemperature,
)
from leadflow_admin_api.paging import DEFAULT_LIMIT, Limit
from leadflow_admin_api.problems import documented
from leadflow_admin_api.stage_changes import as_json, end, read_offsets, read_page, write_offsets

router = APIRouter(tags=["stage changes"])

_FAREWELL_SECONDS = 2.0

After = Annotated[str | None, Query(max_length=4096, description="`next` of the page before, or an event's id.")]


class TriggerAnswer(BaseModel):
    """The message and the rule, action, `merge` or `unmerge` behind a change."""

    message_id: str
    rule: str


class StageChange(BaseModel):
    """The record of topic `stage-changes`, as published: no e-mail, phone or name."""

    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "4b1c0f6a2d9e8b7a6c5d4e3f-1",
                    "profile_id": "4b1c0f6a2d9e8b7a6c5d4e3f",
                    "sequence": 1,
                    "from": "visitor",
                    "to": "lead",
                    "at": "2026-11-21T18:33:16.947Z",
                    "decided_at": "2026-11-21T18:33:17.020Z",
                    "trigger": {"message_id": "m-17", "rule": "form_submitted"},
                    "score": {
                        "engagement": 8.0,
                        "fit": 0.0,
                        "grade": "B",
                        "completeness": 3.0,
                        "total": 11.0,
                        "temperature": "cold",
                    },
                    "contributions": [{"rule": "form_submitted", "count": 1, "points": 8.0, "age_s": 1997}],
                    "criteria": [{"text": "a contact and a conversion", "met": True}],
                    "next": {"stage": "mql", "missing": ["engagement of 50 or more"]},
                    "model": {"name": "b2b", "version": "3f2a9c"},
                    "source": {
                        "conversion": "Form Submitted",
                        "channel": "google",
                        "campaign": "spring",
                        "medium": "cpc",
                    },
                }
            ]
        },
    )

    id: str
    profile_id: str
    sequence: int
    from_: str = Field(alias="from")
    to: str
    at: str
    decided_at: str
    trigger: TriggerAnswer
    score: ScoreWithTemperature
    contributions: list[ContributionAnswer]
    criteria: list[CriterionAnswer]
    next: NextAnswer
    model: ModelName
    source: LeadSource


class StageChanges(BaseModel):
    """A page of changes, oldest first."""

    items: list[StageChange]
    next: str = Field(description="Give it as `after`; it can be polled for what comes.")
    more: bool


@router.get(
    "/stage-changes", summary="The stage changes, oldest first", responses=documented(), response_model=StageChanges
)
async def stage_changes(ctx: Ctx, after: After = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    """Those of one lead come in the order of their `sequence`. Without `after`: from the oldest that is kept."""
    found = await read_page(ctx.log, await read_offsets(ctx.log, after), limit)
    return {
        "items": [as_json(change) for change in found.changes],
        "next": write_offsets(found.next),
        "more": found.more,
    }


@router.get(
    "/stage-changes/stream",
    summary="The stage changes as they happen (server-sent events)",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Events `stage-change`: `data` is a StageChange, `id` the cursor behind it.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **documented(),
    },
)
async def stage_change_stream(
    ctx: Ctx,
    after: After = None,
    last_event_id: Annotated[str | None, Header(max_length=4096, description="Resumes behind that event.")] = None,
) -> EventSourceResponse:
    """From now on, or behind `Last-Event-ID` or `after`. A comment every few seconds keeps the connection open."""
    if last_event_id:
        start = await read_offsets(ctx.log, last_event_id, "Last-Event-ID")
    elif after is not None:
        start = await read_offsets(ctx.log, after)
    else:
        start = await end(ctx.log)
    return EventSourceResponse(
        follow(ctx.log, start, ctx.stopping),
        ping=ctx.settings.heartbeat_seconds,
        sep=LINE_END,
        # Set by the library when the server stops: the stream then ends in order, instead of breaking off.
        shutdown_event=ctx.stopping,
        shutdown_grace_period=_FAREWELL_SECONDS,
    )
