"""What every endpoint works with, handed over by the composition root."""

from dataclasses import dataclass, field
from typing import Annotated, cast

import anyio
from fastapi import Depends, Request

from leadflow.core.identity.hashing import Hasher
from leadflow.ports import Clock, Log, Store
from leadflow_admin_api.settings import AdminSettings


@dataclass(frozen=True, slots=True)
class Context:
    """The ports and the settings. `stopping` ends the open event streams; under uvicorn they notice by themselves."""

    log: Log
    store: Store
    clock: Clock
    hasher: Hasher
    settings: AdminSettings
    stopping: anyio.Event = field(default_factory=anyio.Event)


def context_of(request: Request) -> Context:
    """The context that `create_app` put into the application's state."""
    return cast("Context", request.app.state.context)


Ctx = Annotated[Context, Depends(context_of)]
