"""Segments: named conditions over leads. None can be defined in this version, and the list says so by being empty."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import documented

router = APIRouter(tags=["leads"])
_LISTING = "segments"


class Segment(BaseModel):
    """A condition with a name, in the same language as the model's."""

    name: str
    condition: str
    count: int


class Segments(BaseModel):
    """A page of segments."""

    items: list[Segment]
    next: str
    more: bool


@router.get("/segments", summary="The segments", responses=documented(), response_model=Segments)
async def segments(limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None) -> dict[str, Any]:
    """Always empty in this version: segments cannot be defined yet. Filter `/leads` instead."""
    return page(_LISTING, [], [], limit, read_cursor(_LISTING, cursor))
