"""The admin API as one FastAPI application over the two ports."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer

from leadflow.core.identity.hashing import Hasher
from leadflow.ports import Clock, Log, Store
from leadflow_admin_api import (
    actions,
    explanation,
    export,
    funnel,
    later,
    leads,
    merges,
    models,
    openapi,
    parked,
    problems,
    profiles,
    receipts,
    segments,
    stage_change_routes,
    timeline,
)
from leadflow_admin_api.auth import PREFIX, RequireToken
from leadflow_admin_api.context import Context
from leadflow_admin_api.json_body import JsonBody
from leadflow_admin_api.measured import Measured
from leadflow_admin_api.settings import AdminSettings

_DESCRIPTION = """Profiles, leads and their stages, and what sales does with them.

Every call needs `Authorization: Bearer <token>`. Times are RFC 3339 in UTC. Lists answer `items`, `next` and `more`:
give `next` as `cursor` (`after` for stage changes) for what follows. Errors are RFC 9457 problem documents with a
`code`.
"""

_RESOURCES = (
    profiles,
    timeline,
    export,
    leads,
    explanation,
    actions,
    stage_change_routes,
    funnel,
    segments,
    models,
    receipts,
    merges,
    parked,
    later,
)


def create_app(log: Log, store: Store, clock: Clock, hasher: Hasher, settings: AdminSettings) -> FastAPI:
    """Everything below `/api/v1`, behind the token; `/openapi.json` describes it to anybody.

    `app.state.context.stopping.set()` ends the open event streams; do it before the server waits for its connections.
    """
    app = FastAPI(
        title="Leadflow admin API",
        version="1",
        description=_DESCRIPTION,
        strict_content_type=False,  # JsonBody takes the label away
        # Their pages load scripts from elsewhere, which has no business beside an admin token.
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = Context(log, store, clock, hasher, settings)
    problems.install(app)
    app.add_middleware(JsonBody)
    app.add_middleware(RequireToken, token=settings.token)
    app.add_middleware(Measured)  # the last one added is the first to see a request
    # The middleware decides; the dependency tells OpenAPI so.
    bearer = Depends(HTTPBearer(auto_error=False, description="LEADFLOW_ADMIN_TOKEN"))
    api = APIRouter(prefix=PREFIX, dependencies=[bearer])
    for resource in _RESOURCES:
        api.include_router(resource.router)
    app.include_router(api)
    openapi.describe(app)
    return app
