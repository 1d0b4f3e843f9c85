"""Routes that the contract names and this version does not serve: they say so, instead of a bare 404."""

from typing import NoReturn

from fastapi import APIRouter

from leadflow_admin_api.problems import Problem

router = APIRouter(include_in_schema=False)


@router.post("/profiles/{profile_id}/unmerge", response_model=None)
async def unmerge(profile_id: str) -> NoReturn:
    """501: undoing a merge comes with a later version."""
    raise _later("undoing a merge", profile_id)


@router.post("/profiles/{profile_id}/erase", response_model=None)
async def erase(profile_id: str) -> NoReturn:
    """501: erasure comes with a later version."""
    raise _later("erasing a person", profile_id)


def _later(what: str, profile_id: str) -> Problem:
    return Problem(501, "not_implemented_yet", f"{what} is not part of this version; {profile_id[:80]!r} is unchanged")
