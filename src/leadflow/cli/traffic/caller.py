"""HTTP requests that are repeated while the pipeline is busy, as it asks for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from leadflow.cli.traffic.errors import SimulationError

_BUSY = frozenset({429, 502, 503, 504})
_LONGEST_WAIT = 30.0
_FIRST_WAIT = 0.25

Sleep = Callable[[float], Awaitable[None]]


class Caller:
    """A client with patience. `repeats` counts what had to be sent again."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        patience: float = 120.0,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience`: seconds for one request with all of its repeats."""
        self.repeats = 0
        self._reached = False  # once it was there, it may come back
        self._client = client
        self._patience = patience
        self._sleep = sleep
        self._clock = clock

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the first answer that is not "busy". Raises SimulationError when patience is at its end."""
        deadline = self._clock() + self._patience
        wait = _FIRST_WAIT
        while True:
            try:
                answer = await self._client.request(method, path, **request)
            except httpx.TransportError as error:
                if isinstance(error, httpx.ConnectError) and not self._reached:
                    raise SimulationError(self._nobody()) from None
                asked, problem = None, f"{type(error).__name__}"
            else:
                self._reached = True
                if answer.status_code not in _BUSY:
                    return answer
                asked, problem = _retry_after(answer), f"status {answer.status_code}"
            pause = min(wait if asked is None else asked, _LONGEST_WAIT)
            if self._clock() + pause > deadline:
                raise SimulationError(
                    f"{method} {path} has met {problem} for {self._patience:g} s: is the pipeline well?"
                )
            self.repeats += 1
            await self._sleep(pause)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _nobody(self) -> str:
        return f"nobody listens on {self._client.base_url}: start the pipeline with `leadflow up`, or give --url"


def _retry_after(answer: httpx.Response) -> float | None:
    """The seconds that a busy server asks for; None when it asks for nothing that can be read."""
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return None
