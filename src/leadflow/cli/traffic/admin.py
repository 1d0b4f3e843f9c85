"""The few questions that the simulation asks the admin API."""

import asyncio
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import httpx

from leadflow.cli.traffic.caller import Caller, Sleep
from leadflow.cli.traffic.errors import SimulationError
from leadflow.cli.traffic.sending import said
from leadflow.simulation.sales import SalesAction

_DONE = frozenset({"scored", "rejected", "duplicate"})
_POLL = 0.2  # seconds


class Admin:
    """The admin API with its token."""

    def __init__(self, caller: Caller, token: str) -> None:
        self._caller = caller
        self._headers = {"authorization": f"Bearer {token}"}

    async def funnel(self) -> dict[str, int]:
        """Leads by stage."""
        answer = await self._get("/api/v1/funnel")
        _expect(answer, HTTPStatus.OK)
        return {str(stage): int(count) for stage, count in answer.json()["stages"].items()}

    async def profile_id(self, email: str) -> str | None:
        """The profile that has an address, if there is one."""
        answer = await self._get("/api/v1/profiles", params={"email": email})
        _expect(answer, HTTPStatus.OK)
        items = answer.json()["items"]
        return str(items[0]["profile_id"]) if items else None

    async def act(self, profile_id: str, action: SalesAction) -> bool:
        """Do what sales does; False where the stage does not allow it or the lead is not there."""
        answer = await self._caller.call(
            "POST",
            f"/api/v1/leads/{profile_id}/actions",
            json=dict(action.body),
            headers={**self._headers, "idempotency-key": action.key},
        )
        if answer.status_code in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            return False
        _expect(answer, HTTPStatus.ACCEPTED)
        return True

    async def settled(self, message_ids: Iterable[str], within: float, sleep: Sleep = asyncio.sleep) -> bool:
        """Wait until these touchpoints have been scored; False if they have not after `within` seconds."""
        deadline = time.monotonic() + within
        for message_id in message_ids:
            while not await self._is_done(message_id):
                if time.monotonic() > deadline:
                    return False
                await sleep(_POLL)
        return True

    async def _is_done(self, message_id: str) -> bool:
        answer = await self._get(f"/api/v1/receipts/{message_id}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return False
        if answer.status_code == HTTPStatus.CONFLICT:  # sent with several write keys: one of them is known at least
            return True
        _expect(answer, HTTPStatus.OK)
        return answer.json().get("status") in _DONE

    async def _get(self, path: str, **request: Any) -> httpx.Response:
        return await self._caller.call("GET", path, headers=self._headers, **request)


def _expect(answer: httpx.Response, status: HTTPStatus) -> None:
    if answer.status_code != status:
        path = answer.request.url.path
        raise SimulationError(f"the admin API answers {path} with {answer.status_code}: {said(answer)}")
