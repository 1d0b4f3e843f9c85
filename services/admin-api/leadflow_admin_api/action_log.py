"""Put a sales action into the log as a touchpoint, and wait until the lead has it."""

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.contracts.documents import TouchpointDoc
from leadflow.contracts.topics import LEAD_SCORES
from leadflow.contracts.topics import TOUCHPOINTS as TOUCHPOINTS_TOPIC
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.ports import Emit, Store, Unavailable
from leadflow_admin_api.action_bodies import ActionBody
from leadflow_admin_api.context import Context
from leadflow_admin_api.counted import is_counted
from leadflow_admin_api.problems import Problem
from leadflow_admin_api.settings import ACTION_SOURCE

_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Written:
    """An action as it stands, or will stand, in the log."""

    message_id: str
    key: str  # of its touchpoint's document
    body: bytes


def written(ctx: Context, profile_id: str, action: ActionBody, idempotency_key: str | None) -> Written:
    """Name an action: by its idempotency key, where there is one, so that a second try has the same name."""
    if idempotency_key is None:
        message_id = str(uuid4())
    else:
        # Of the id in the address: it stays the same for the caller whatever is merged between two tries.
        message_id = hashlib.sha256(f"{profile_id}\n{idempotency_key}".encode()).hexdigest()[:32]
    body = msgspec.json.encode({"action": action.type, "actor": action.actor, **action.fields()}, order="sorted")
    return Written(message_id, ctx.hasher.touchpoint(ACTION_SOURCE, message_id), body)


async def stored(store: Store, action: Written) -> TouchpointDoc | None:
    """The touchpoint of that name. Raises Problem 422 when it was another action."""
    [found] = await store.get(TOUCHPOINTS, [action.key])
    if found is None:
        return None
    touchpoint = found.value.value
    if touchpoint is not None and msgspec.json.decode(touchpoint.body) != msgspec.json.decode(action.body):
        raise Problem(
            422,
            "idempotency_key_reuse",
            "this Idempotency-Key came with another action on the same profile: take a new key for a new action",
        )
    return found.value


async def append(ctx: Context, action: Written, root: str) -> None:
    """Durable when this returns. Raises Unavailable: then nothing was written."""
    now = ctx.clock.now()
    touchpoint = Touchpoint(
        message_id=action.message_id,
        source=ACTION_SOURCE,
        type="action",
        at=now,
        received_at=now,
        body=msgspec.Raw(action.body),
        channel="sales",
        target=root,
    )
    emit = Emit(
        topic=TOUCHPOINTS_TOPIC,
        key=ctx.hasher.partition_key("profile", root),
        value=msgspec.json.encode(touchpoint),
        id=f"{ACTION_SOURCE}:{action.message_id}",
        type="dev.leadflow.touchpoint.v1",
    )
    await ctx.log.append([emit])


async def settled(ctx: Context, action: Written) -> bool:
    """Wait until the action has been applied, up to `action_wait_seconds`. False: it will be, but later.

    It is in the log already, so trouble with reading is no failure of the action.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ctx.settings.action_wait_seconds
    try:
        while True:
            ends = [following for _, following in await ctx.log.bounds(LEAD_SCORES)]
            if await _is_applied(ctx.store, action):
                return True
            remaining = deadline - loop.time()
            if remaining <= 0:
                return False
            # Whoever counts a touchpoint publishes its lead's score; look now and then in case that went elsewhere.
            await ctx.log.wait(LEAD_SCORES, ends, min(_LOOK_AGAIN_SECONDS, remaining))
    except Unavailable:
        return False


async def _is_applied(store: Store, action: Written) -> bool:
    doc = await stored(store, action)
    if doc is None:
        return False
    return doc.rejected or doc.gone or await is_counted(store, doc)
