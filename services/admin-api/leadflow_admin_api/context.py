"""What every endpoint works with, handed over by the composition root."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from leadflow.core.identity.hashing import Hasher
from leadflow.ports import Clock, Log, Store
from leadflow_admin_api.settings import AdminSettings


@dataclass(frozen=True, slots=True)
class Context:
    """The ports and the settings. Set `stopping` to end the open event streams before the server waits for them."""

    log: Log
    store: Store
    clock: Clock
    hasher: Hasher
    settings: AdminSettings
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def context_of(request: Request) -> Context:
    """The context that `create_app` put into the application's state."""
    return cast("Context", request.app.state.context)


Ctx = Annotated[Context, Depends(context_of)]
