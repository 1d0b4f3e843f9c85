"""Sales, acting on the leads that it finds: each action at least once, told apart by its idempotency key."""

import random
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any

import httpx
from e2e import plain_http
from e2e.server import ADMIN_TOKEN

_PAUSE = 0.2  # seconds between two actions, and after one that failed
_MET = {"met": True}
_POSSIBLE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "lead": ({"type": "contact", "channel": "phone", "outcome": "no_answer"},),
    "mql": (
        {"type": "accept"},
        {"type": "contact", "channel": "phone", "outcome": "conversation"},
        {"type": "reject", "reason": "wrong region"},
    ),
    "sql": ({"type": "bant", "budget": _MET, "authority": _MET, "need": _MET, "timing": _MET}, {"type": "accept"}),
    "opportunity": ({"type": "won", "revenue": 20_000}, {"type": "lost", "reason": "price"}),
}


class SalesDesk(Thread):
    """Acts through the admin API until told to finish. `acknowledged`: the message ids that were answered with 202."""

    def __init__(self, port: int, seed: int) -> None:
        """Nothing is done yet."""
        super().__init__(daemon=True)
        self.acknowledged: set[str] = set()
        self.unexpected: list[str] = []
        self._url = f"http://127.0.0.1:{port}/api/v1"
        self._dice = random.Random(f"sales-{seed}")  # noqa: S311  a story to tell again, no secret
        self._finish = Event()
        self._actions = 0

    def finish(self) -> None:
        """Let it end its last action; the admin API has to answer by now."""
        self._finish.set()
        self.join(60)
        assert not self.is_alive(), "the sales desk does not come to its end"

    def run(self) -> None:
        """Act on one lead after the other."""
        with plain_http.client(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=20) as http:
            while not self._finish.wait(_PAUSE):
                stage = self._dice.choice(list(_POSSIBLE))
                listed = self._ask(http, "GET", "/leads", params={"stage": stage, "limit": "20"})
                leads = listed.json()["items"] if listed is not None and listed.is_success else []
                if leads:
                    self._act(http, self._dice.choice(leads)["profile_id"], self._dice.choice(_POSSIBLE[stage]))

    def _act(self, http: httpx.Client, profile_id: str, action: Mapping[str, Any]) -> None:
        self._actions += 1
        key = {"Idempotency-Key": f"action-{self._actions}"}
        path = f"/leads/{profile_id}/actions"
        while (answer := self._ask(http, "POST", path, json={"actor": "minh", **action}, headers=key)) is None:
            if self._finish.wait(_PAUSE):
                return
        if answer.status_code == httpx.codes.ACCEPTED:
            self.acknowledged.add(answer.json()["message_id"])
        elif answer.status_code != httpx.codes.CONFLICT:  # the lead has moved on meanwhile
            self.unexpected.append(f"{answer.status_code} {answer.text[:200]}")

    def _ask(self, http: httpx.Client, method: str, path: str, **what: Any) -> httpx.Response | None:
        """The answer; None where nobody answers, or asks to come again."""
        try:
            answer = http.request(method, self._url + path, **what)
        except httpx.TransportError:
            return None
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer
