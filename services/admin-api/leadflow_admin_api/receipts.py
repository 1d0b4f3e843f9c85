"""Receipts: what became of a touchpoint, from the moment that it was accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from leadflow.contracts.collections import REJECTIONS, TOUCHPOINTS
from leadflow.contracts.documents import RejectionDoc, TouchpointDoc
from leadflow.core.time import to_rfc3339
from leadflow.ports import Store
from leadflow_admin_api.context import Context, Ctx
from leadflow_admin_api.counted import is_counted
from leadflow_admin_api.problems import Problem, documented
from leadflow_admin_api.trees import root_of

router = APIRouter(tags=["receipts"])

Status = Literal["accepted", "resolved", "scored", "duplicate", "rejected"]


class Receipt(BaseModel):
    """What became of a touchpoint. A duplicate delivery never replaces a status."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message_id": "m-17",
                    "source": "website",
                    "status": "rejected",
                    "profile_id": "4b1c0f6a2d9e8b7a6c5d4e3f",
                    "reason": "poison",
                    "at": "2026-11-21T18:33:16.947Z",
                }
            ]
        }
    )

    message_id: str
    source: str = Field(description="The name of the write key; `admin` for sales actions.")
    status: Status = Field(
        description="accepted: it lies in the log; resolved: it has a profile; scored: its lead has counted it; "
        "rejected: see `reason`."
    )
    profile_id: str | None
    reason: str | None
    at: str = Field(description="Event time; of a rejection, the time of the refusal.")


@dataclass(frozen=True, slots=True)
class _Found:
    source: str
    touchpoint: TouchpointDoc | None
    rejection: RejectionDoc | None


@router.get("/receipts/{message_id:path}", summary="What became of a touchpoint", responses=documented(404, 409))
async def receipt(
    ctx: Ctx,
    message_id: Annotated[str, Path(description="The `messageId` that the client sent.")],
    source: Annotated[str | None, Query(description="The write key's name, where the same id came by several.")] = None,
) -> Receipt:
    """404 until it has been accepted; 409 when several sources have sent that id."""
    sources = (source,) if source else ctx.settings.sources
    found = await _stored(ctx, sources, message_id) or await _pending(ctx, sources, message_id)
    # What lay in the log a moment ago may have been processed meanwhile: look once more before denying it.
    found = found or await _stored(ctx, sources, message_id)
    if not found:
        raise Problem(404, "receipt_not_found", f"no touchpoint {message_id[:100]!r} has been accepted")
    if len(found) > 1:
        names = sorted(one.source for one in found if isinstance(one, (_Found, Receipt)))
        detail = f"{len(names)} sources have sent {message_id[:100]!r}: say which one with ?source="
        raise Problem(409, "ambiguous_source", detail, sources=names)
    [one] = found
    return one if isinstance(one, Receipt) else await _receipt(ctx.store, message_id, one)


async def _stored(ctx: Context, sources: Sequence[str], message_id: str) -> list[_Found | Receipt]:
    keys = [ctx.hasher.touchpoint(source, message_id) for source in sources]
    touchpoints = await ctx.store.get(TOUCHPOINTS, keys)
    rejections = await ctx.store.get(REJECTIONS, keys)
    return [
        _Found(source, touchpoint.value if touchpoint else None, rejection.value if rejection else None)
        for source, touchpoint, rejection in zip(sources, touchpoints, rejections, strict=True)
        if touchpoint or rejection
    ]


async def _pending(ctx: Context, sources: Sequence[str], message_id: str) -> list[_Found | Receipt]:
    if ctx.settings.pending is None:
        return []
    found: list[_Found | Receipt] = []
    for source in sources:
        received_at = await ctx.settings.pending(source, message_id)
        if received_at is not None:
            found.append(_plain(message_id, source, "accepted", received_at))
    return found


async def _receipt(store: Store, message_id: str, found: _Found) -> Receipt:
    doc = found.touchpoint
    if doc is None:
        refused = found.rejection
        assert refused is not None  # noqa: S101 - one of the two was found
        return _plain(message_id, found.source, "rejected", refused.at, reason=f"{refused.code}: {refused.reason}")
    if doc.gone:
        return _plain(message_id, found.source, "resolved", doc.at, reason="erased")
    root = None if doc.addr is None else (await root_of(store, doc.addr))[0]
    if doc.rejected:
        return _plain(message_id, found.source, "rejected", doc.at, profile_id=root, reason=doc.reason or "rejected")
    if doc.addr is None:
        return _plain(message_id, found.source, "accepted", doc.at)
    status: Status = "scored" if await is_counted(store, doc) else "resolved"
    return _plain(message_id, found.source, status, doc.at, profile_id=root)


def _plain(
    message_id: str,
    source: str,
    status: Status,
    at: int,
    *,
    profile_id: str | None = None,
    reason: str | None = None,
) -> Receipt:
    return Receipt(
        message_id=message_id, source=source, status=status, profile_id=profile_id, reason=reason, at=to_rfc3339(at)
    )
