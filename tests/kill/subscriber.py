"""Somebody who follows the stage changes with a cursor, over all the deaths of the server."""

from threading import Event, Thread

import httpx
from e2e import plain_http
from e2e.server import ADMIN_TOKEN

_PAUSE = 0.05
_PAGE = 200


class Subscriber(Thread):
    """Polls `GET /api/v1/stage-changes?after=` and remembers the ids in the order of their coming."""

    def __init__(self, url: str) -> None:
        """Nothing is asked yet."""
        super().__init__(daemon=True)
        self.ids: list[str] = []
        self.unexpected: list[str] = []
        self._url = url
        self._cursor: str | None = None
        self._finish = Event()
        self._caught_up = False

    def finish(self) -> None:
        """Let it read to the end; somebody has to answer by now."""
        self._finish.set()
        self.join(60)
        assert not self.is_alive(), "the subscriber does not come to its end"

    def run(self) -> None:
        """Follow until told to finish and at the end of the list."""
        with plain_http.client(
            base_url=self._url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=20
        ) as http:
            while not (self._finish.is_set() and self._caught_up):
                try:
                    self._poll(http)
                except httpx.TransportError:
                    self._finish.wait(_PAUSE)

    def _poll(self, http: httpx.Client) -> None:
        last = self._finish.is_set()
        query = {"limit": str(_PAGE), **({"after": self._cursor} if self._cursor is not None else {})}
        answer = http.get("/api/v1/stage-changes", params=query)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" in answer.headers:
            self._finish.wait(_PAUSE)  # it is starting, or its store is away: come again
            return
        if answer.status_code != httpx.codes.OK:
            self.unexpected.append(f"{answer.status_code} {answer.text[:200]}")
            self._caught_up = last
            return
        page = answer.json()
        self.ids += [change["id"] for change in page["items"]]
        self._cursor = page["next"]
        self._caught_up = last and not page["more"]
        if not page["more"]:
            self._finish.wait(_PAUSE)
