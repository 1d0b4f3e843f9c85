"""Profiles: who a person is, by any of their identifiers or any id they ever had."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from leadflow.contracts.collections import IDENTITIES
from leadflow.core.time import to_rfc3339
from leadflow.ports import Store
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.identifiers import asked_for, leaf_of
from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import Problem, documented
from leadflow_admin_api.trees import Tree, read_tree

router = APIRouter(tags=["profiles"])
_LISTING = "profiles"
_PAGING = ("limit", "cursor")


class ProfileIdentifier(BaseModel):
    """One identifier in its normal form. `source`: the write key that brought it first."""

    type: str
    value: str
    first_seen: str
    source: str


class Profile(BaseModel):
    """A person. `profile_id` is the root's, whichever of the merged ids was asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "profile_id": "4b1c0f6a2d9e8b7a6c5d4e3f",
                    "identifiers": [
                        {
                            "type": "email",
                            "value": "lan@example.vn",
                            "first_seen": "2026-11-21T18:33:16.947Z",
                            "source": "website",
                        }
                    ],
                    "traits": {"first_name": "Lan", "title": "Giám đốc"},
                    "consents": {"email": True},
                    "first_seen": "2026-11-20T08:00:00.000Z",
                    "last_seen": "2026-11-21T18:33:16.947Z",
                    "merged_from": ["0c6d2b7a9e8f1a2b3c4d5e6f"],
                }
            ]
        }
    )

    profile_id: str
    identifiers: list[ProfileIdentifier]
    traits: dict[str, Any] = Field(description="The latest value of each, by event time.")
    consents: dict[str, bool]
    first_seen: str
    last_seen: str
    merged_from: list[str]


class Profiles(BaseModel):
    """The answer of a look-up: one profile or none."""

    items: list[Profile]
    next: str
    more: bool


Wanted = Annotated[str | None, Query(description="Compared in its normal form.")]


@router.get("/profiles", summary="Find a profile by an identifier", responses=documented(), response_model=Profiles)
async def find_profiles(
    ctx: Ctx,
    request: Request,
    *,
    email: Annotated[str | None, Query(examples=["lan@example.vn"])] = None,  # noqa: ARG001 - for OpenAPI; see below
    phone: Annotated[str | None, Query(examples=["0912 345 678"])] = None,  # noqa: ARG001
    user_id: Wanted = None,  # noqa: ARG001
    anonymous_id: Wanted = None,  # noqa: ARG001
    device_id: Wanted = None,  # noqa: ARG001
    crm_id: Wanted = None,  # noqa: ARG001
    national_id: Wanted = None,  # noqa: ARG001
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> dict[str, Any]:
    """Exactly one identifier, of a type above or one that was configured. The list is empty when nobody has it."""
    # Read from the query itself, since configured types are no parameters that FastAPI could know.
    names = [name for name, _ in request.query_params.multi_items() if name not in _PAGING]
    identifier = asked_for(request.query_params, names, ctx.settings.rules)
    start = read_cursor(_LISTING, cursor)
    leaf = await leaf_of(ctx, identifier) if identifier and start is None else None
    if leaf is None:
        return page(_LISTING, [], [], limit, start)
    try:
        tree = await read_tree(ctx.store, leaf)
    except Problem:
        return page(_LISTING, [], [], limit, start)  # claimed a moment ago: neither document is there yet
    return page(_LISTING, [await answer(ctx.store, tree)], [(0, tree.root)], limit, start)


@router.get("/profiles/{profile_id}", summary="A profile", responses=documented(404))
async def profile(ctx: Ctx, profile_id: str) -> Profile:
    """An id that was merged answers with the profile that it became part of."""
    return await answer(ctx.store, await read_tree(ctx.store, profile_id))


async def answer(store: Store, tree: Tree) -> Profile:
    """The profile of a whole tree."""
    first_seen, last_seen = tree.seen()
    return Profile(
        profile_id=tree.root,
        identifiers=await _identifiers(store, tree),
        traits=tree.traits(),
        consents={channel: bool(stated.value) for channel, stated in sorted(tree.tally().consents.items())},
        first_seen=to_rfc3339(first_seen),
        last_seen=to_rfc3339(last_seen),
        merged_from=list(tree.merged),
    )


async def _identifiers(store: Store, tree: Tree) -> list[ProfileIdentifier]:
    keys = sorted(tree.profile.ids) if tree.profile else []
    found = [stored.value for stored in await store.get(IDENTITIES, keys) if stored is not None] if keys else []
    return [
        ProfileIdentifier(type=doc.type, value=doc.value, first_seen=to_rfc3339(doc.first_seen), source=doc.source)
        for doc in sorted(found, key=lambda doc: (doc.type, doc.first_seen, doc.value or ""))
        if doc.value is not None
    ]
