"""Merges: the ledger of identity, with what caused each and what was refused."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from leadflow.contracts.collections import IDENTITIES, MERGES
from leadflow.contracts.documents import MergeDoc
from leadflow.core.conditions import Condition, any_of, one_of
from leadflow.core.identity.forest import IdentifierKey, type_of
from leadflow.core.time import to_rfc3339
from leadflow.ports import Order, Store, Stored
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import Problem, documented
from leadflow_admin_api.trees import read_tree

router = APIRouter(tags=["merges"])


class Cause(BaseModel):
    """The touchpoint or command behind a merge."""

    message_id: str


class NamedIdentifier(BaseModel):
    """An identifier; `value` is null once it has been erased."""

    type: str
    value: str | None


class Merge(BaseModel):
    """Two profiles that became one, or that were kept apart."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "9f86d081884c7d659a2feaa0",
                    "winner": "4b1c0f6a2d9e8b7a6c5d4e3f",
                    "loser": "0c6d2b7a9e8f1a2b3c4d5e6f",
                    "at": "2026-11-21T18:33:16.947Z",
                    "cause": {"message_id": "m-17"},
                    "identifiers": [{"type": "email", "value": "lan@example.vn"}],
                    "state": "refused",
                    "reason": "it would give one person two user ids",
                }
            ]
        }
    )

    id: str
    winner: str
    loser: str | None = Field(description="Null where an identifier was refused that had no profile yet.")
    at: str
    cause: Cause
    identifiers: list[NamedIdentifier]
    state: Literal["merged", "refused", "undone"]
    reason: str | None = Field(description="Of a refusal: which rule it would have broken.")


class Merges(BaseModel):
    """A page of merges."""

    items: list[Merge]
    next: str
    more: bool


@router.get("/merges", summary="The merges, of one person or all", responses=documented(404), response_model=Merges)
async def merges(
    ctx: Ctx,
    profile_id: Annotated[str | None, Query(description="Any id of the person; unknown ids have no merges.")] = None,
    sort: Annotated[Literal["at", "-at"], Query(description="By time, oldest (`at`) or newest (`-at`) first.")] = "at",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> dict[str, Any]:
    """Oldest first, so that `next` can be polled for what comes."""
    listing = f"merges:{sort}"
    start = read_cursor(listing, cursor)
    where = None if profile_id is None else of_profiles(await _ids_of_person(ctx.store, profile_id))
    found = await ctx.store.find(
        MERGES, where, order=Order("at", descending=sort == "-at"), limit=limit + 1, after=start
    )
    cursors = [(doc.value.at, doc.key) for doc in found]
    return page(listing, await answers(ctx.store, found[:limit]), cursors, limit, start)


async def _ids_of_person(store: Store, profile_id: str) -> list[str]:
    try:
        tree = await read_tree(store, profile_id)
    except Problem:
        return [profile_id]  # an erased or unknown person: what the ledger says of the id itself
    return list(dict.fromkeys((*tree.members, profile_id)))


def of_profiles(ids: Sequence[str]) -> Condition:
    """The merges that any of these profiles took part in."""
    return any_of(one_of("winner", ids), one_of("loser", ids))


async def answers(store: Store, found: Sequence[Stored[MergeDoc]]) -> list[Merge]:
    """Ledger entries as answers, with the values behind the identifiers' keys."""
    keys = list(dict.fromkeys(key for doc in found for key in doc.value.identifiers))
    identities = await store.get(IDENTITIES, keys) if keys else []
    named = {stored.key: stored.value.value for stored in identities if stored is not None}
    return [_merge(doc.key, doc.value, named) for doc in found]


def _merge(key: str, doc: MergeDoc, named: dict[IdentifierKey, str | None]) -> Merge:
    return Merge(
        id=key,
        winner=doc.winner,
        loser=doc.loser or None,
        at=to_rfc3339(doc.at),
        cause=Cause(message_id=doc.message_id),
        identifiers=[NamedIdentifier(type=type_of(name), value=named.get(name)) for name in doc.identifiers],
        state=doc.state,
        reason=doc.reason or None,
    )
