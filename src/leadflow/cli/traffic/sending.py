"""Touchpoints to the observer: in batches, on a few lanes, each person always on the same one and so in order."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from leadflow.cli.traffic.caller import Caller, Sleep
from leadflow.cli.traffic.errors import SimulationError
from leadflow.cli.traffic.pace import Pace
from leadflow.simulation.population import Moment

_WAITING = 2
"""Batches that may wait on a lane: when the pipeline is slow, so is the simulation."""

_LAST = 64
"""Message ids that are remembered: when these have been scored, the rest has, too."""

Batch = list[dict[str, Any]]
Advance = Callable[[int], None]
"""Told the number of touchpoints that were accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the observer accepted."""

    events: int
    batches: int
    seconds: float
    last_ids: tuple[str, ...]


class Lanes:
    """Sends batches of one person after the other, several people at once."""

    def __init__(self, caller: Caller, *, write_key: str, batch: int, lanes: int, advance: Advance) -> None:
        """`batch`: touchpoints per request; `lanes`: requests at once."""
        self._caller = caller
        self._auth = httpx.BasicAuth(write_key, "")
        self._size = batch
        self._advance = advance
        self._queues: list[asyncio.Queue[Batch | None]] = [asyncio.Queue(_WAITING) for _ in range(lanes)]
        self._open: list[Batch] = [[] for _ in range(lanes)]
        self._events = 0
        self._batches = 0

    async def send(
        self, moments: Iterable[Moment], pace: Pace, *, now_dated: bool = False, sleep: Sleep = asyncio.sleep
    ) -> Sent:
        """Send all. `now_dated`: they happen when they are sent, else at their own times. Raises SimulationError."""
        began = time.monotonic()
        last: deque[str] = deque(maxlen=_LAST)
        try:
            async with asyncio.TaskGroup() as group:
                for queue in self._queues:
                    group.create_task(self._drive(queue))
                for moment in moments:
                    wait = pace.wait(time.monotonic(), moment.at)
                    if wait:
                        if now_dated:
                            await self._flush()
                        await sleep(wait)
                    last.append(moment.message_id)
                    await self._add(moment, now_dated=now_dated)
                await self._flush()
                for queue in self._queues:
                    await queue.put(None)
        except* SimulationError as errors:
            raise errors.exceptions[0] from None
        return Sent(events=self._events, batches=self._batches, seconds=time.monotonic() - began, last_ids=tuple(last))

    async def _add(self, moment: Moment, *, now_dated: bool) -> None:
        lane = moment.person % len(self._queues)
        event = {name: value for name, value in moment.event.items() if not (now_dated and name == "timestamp")}
        self._open[lane].append(event)
        if len(self._open[lane]) >= self._size:
            await self._hand_over(lane)

    async def _flush(self) -> None:
        for lane, batch in enumerate(self._open):
            if batch:
                await self._hand_over(lane)

    async def _hand_over(self, lane: int) -> None:
        batch, self._open[lane] = self._open[lane], []
        await self._queues[lane].put(batch)

    async def _drive(self, queue: asyncio.Queue[Batch | None]) -> None:
        while (batch := await queue.get()) is not None:
            # No sentAt: the times are true as they stand.
            body = msgspec.json.encode({"batch": batch})
            headers = {"content-type": "application/json"}
            answer = await self._caller.call("POST", "/v1/batch", content=body, headers=headers, auth=self._auth)
            if answer.status_code != HTTPStatus.OK:
                raise SimulationError(f"the observer refuses a batch: {answer.status_code} {said(answer)}")
            self._events += len(batch)
            self._batches += 1
            self._advance(len(batch))


def said(answer: httpx.Response) -> str:
    """What a server says about a refusal, in short."""
    try:
        fields = answer.json()
        return str(fields.get("message") or fields.get("detail") or fields)[:200]
    except (ValueError, AttributeError):
        return answer.text[:200]
