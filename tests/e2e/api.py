"""A client of Leadflow as outsiders have it: events go in at one end, answers come from the admin API."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

import httpx
from e2e import plain_http
from e2e.waiting import PATIENCE, wait_for

Json = dict[str, Any]
_PAGE = 200


class Api:
    """One started server, or several. Methods return decoded JSON and fail the test on any status not expected."""

    def __init__(self, url: str, token: str, admin_url: str | None = None) -> None:
        """Nothing is sent yet. `admin_url`: where the admin API is a process of its own."""
        self.url = url
        self.http = plain_http.client(base_url=url, timeout=20)
        self.admin = plain_http.client(base_url=admin_url, timeout=20) if admin_url else self.http
        self._bearer = {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
        self.admin.close()

    # --- events in

    def send(self, event: Json, key: str = "WK_1", *, path: str | None = None, **headers: str) -> httpx.Response:
        """Post one event to the path of its type; the answer has to be the success that SDKs know."""
        answer = self.http.post(path or f"/v1/{event['type']}", json=event, auth=(key, ""), headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"success": True}), answer.text
        return answer

    def send_batch(self, events: Iterable[Json], key: str = "WK_1", path: str = "/v1/batch") -> None:
        """Post events as one batch."""
        answer = self.http.post(path, json={"batch": list(events)}, auth=(key, ""))
        assert (answer.status_code, answer.json()) == (200, {"success": True}), answer.text

    # --- answers out

    def ask(self, path: str, **query: Any) -> httpx.Response:
        """Get a page of the admin API, whatever its status."""
        return self.admin.get(f"/api/v1{path}", params=query, headers=self._bearer)

    def get(self, path: str, **query: Any) -> Json:
        """Get a page of the admin API."""
        answer = self.ask(path, **query)
        assert answer.status_code == httpx.codes.OK, f"{path} {query}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def every(self, path: str, *, size: int = _PAGE, cursor: str = "cursor", **query: Any) -> list[Json]:
        """Follow a list to its end, page by page."""
        items: list[Json] = []
        page = self.get(path, limit=size, **query)
        while True:
            items += page["items"]
            if not page["more"]:
                return items
            page = self.get(path, limit=size, **{**query, cursor: page["next"]})

    def changes(self, profile_id: str | None = None, **query: Any) -> list[Json]:
        """All stage changes in the order of the list; or those of one profile, as many as its lead says it has had."""
        if profile_id is None:
            return self.every("/stage-changes", cursor="after", **query)
        lead = self.get(f"/leads/{profile_id}")
        expected = lead["sequence"] if lead["profile_id"] == profile_id else 0  # of a merged one nobody knows

        def look() -> tuple[list[Json]] | None:
            found = [one for one in self.changes(**query) if one["profile_id"] == profile_id]
            return (found,) if len(found) >= expected else None

        return wait_for(look, f"{expected} stage changes of {profile_id}")[0]

    def timeline(self, profile_id: str) -> list[Json]:
        """Everything that a profile did, newest first."""
        return self.every(f"/profiles/{profile_id}/timeline")

    def profile_id(self, **identifier: str) -> str | None:
        """Return the profile behind one identifier, None if nobody has it."""
        items = self.get("/profiles", **identifier)["items"]
        return items[0]["profile_id"] if items else None

    def explanation(self, profile_id: str, at: str) -> Json:
        """Why the lead stood where it stood at that time."""
        return self.get(f"/leads/{profile_id}/explanation", at=at)

    def act(self, profile_id: str, action: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        """Post a sales action, whatever its status."""
        headers = {**self._bearer, **({"Idempotency-Key": key} if key else {})}
        return self.admin.post(f"/api/v1/leads/{profile_id}/actions", json=dict(action), headers=headers)

    def acted(self, profile_id: str, action: Mapping[str, Any]) -> Json:
        """Post a sales action that has to be taken."""
        answer = self.act(profile_id, action)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return dict(answer.json())

    def events(self, **headers: str) -> "EventStream":
        """Open the stream of stage changes."""
        return EventStream(self.admin, {**self._bearer, **headers})

    @staticmethod
    def data(block: Mapping[str, str]) -> Json:
        """Return what a block of the stream carries."""
        return dict(json.loads(block["data"]))

    # --- waiting

    def receipt(self, message_id: str, source: str) -> Json | None:
        """Return what became of a touchpoint; None as long as nobody knows of it."""
        answer = self.ask(f"/receipts/{message_id}", source=source)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.status_code == httpx.codes.OK, answer.text
        return dict(answer.json())

    def scored(self, message_ids: Iterable[str], source: str = "web", *, seconds: float = PATIENCE) -> list[Json]:
        """Wait until every touchpoint is counted; their receipts in the order given."""
        deadline = time.monotonic() + seconds
        return [self._scored(message_id, source, max(0.0, deadline - time.monotonic())) for message_id in message_ids]

    def _scored(self, message_id: str, source: str, seconds: float) -> Json:
        def look() -> Json | None:
            receipt = self.receipt(message_id, source)
            assert receipt is None or receipt["status"] != "rejected", receipt
            return receipt if receipt and receipt["status"] == "scored" else None

        return wait_for(look, f"a receipt `scored` of {message_id} from {source}", seconds=seconds)


class EventStream:
    """Server-sent events, as the `EventSource` of a browser would read them."""

    def __init__(self, http: httpx.Client, headers: Mapping[str, str]) -> None:
        """Nothing is sent yet."""
        self._response = http.stream("GET", "/api/v1/stage-changes/stream", headers=headers, timeout=20)

    def __enter__(self) -> "Iterator[dict[str, str]]":
        """Open the connection and return its blocks, each as field -> value; those without data, too."""
        response = self._response.__enter__()
        assert response.status_code == httpx.codes.OK, response.status_code
        assert response.headers["content-type"].startswith("text/event-stream"), response.headers
        return _blocks(response.iter_lines())

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._response.__exit__(None, None, None)


def _blocks(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    block: dict[str, str] = {}
    deadline = time.monotonic() + PATIENCE
    for line in lines:
        if line:
            field, _, value = line.partition(":")
            block[field] = value.removeprefix(" ")
        elif block.keys() - {""}:  # comments keep the connection open and say nothing
            yield block
            block, deadline = {}, time.monotonic() + PATIENCE
        assert time.monotonic() < deadline, f"no event within {PATIENCE:g} s"


def instant(text: str) -> datetime:
    """Read an RFC 3339 time."""
    return datetime.fromisoformat(text)
