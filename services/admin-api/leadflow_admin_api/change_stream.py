"""Stage changes as server-sent events: follow the topic until the client goes or the server stops."""

import asyncio
from collections.abc import AsyncIterator

import anyio
from sse_starlette import ServerSentEvent

from leadflow.contracts.topics import STAGE_CHANGES
from leadflow.ports import Log, Unavailable
from leadflow_admin_api.stage_changes import Offsets, read_page, write_offsets

EVENT = "stage-change"
LINE_END = "\n"
RECONNECT_MS = 2_000
_PAGE = 100
_LONGEST_WAIT_SECONDS = 15.0


async def follow(log: Log, start: Offsets, stopping: anyio.Event) -> AsyncIterator[ServerSentEvent]:
    """Every change from `start` on. Ends when `stopping` is set, or the log cannot serve: the client then resumes.

    The first block has an id and no data: a client that loses the connection before the first change resumes there.
    """
    yield ServerSentEvent(comment="connected", id=write_offsets(start), retry=RECONNECT_MS, sep=LINE_END)
    at = start
    while not stopping.is_set():
        try:
            ends = [following for _, following in await log.bounds(STAGE_CHANGES)]
            page = await read_page(log, at, _PAGE)
            if not page.changes and page.next == at:
                await _wait(log, ends, stopping)
        except Unavailable:
            return
        for change in page.changes:
            yield ServerSentEvent(change.value.decode(), event=EVENT, id=change.cursor, sep=LINE_END)
        at = page.next


async def _wait(log: Log, ends: list[int], stopping: anyio.Event) -> None:
    """Until the topic has grown beyond `ends`, a while has passed, or the server stops."""
    growth = asyncio.ensure_future(log.wait(STAGE_CHANGES, ends, _LONGEST_WAIT_SECONDS))
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({growth, stop}, return_when=asyncio.FIRST_COMPLETED)
        if growth.done():
            growth.result()
    finally:
        growth.cancel()
        stop.cancel()
