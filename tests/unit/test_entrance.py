"""What clients and probes are told before a service is ready and while it stops."""

from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest

from leadflow.cli.entrance import Entrance
from leadflow.runtime.health import Health, create_app
from leadflow.runtime.whole_answer import EXTENSION, offered


async def ask(entrance: Entrance, path: str) -> httpx.Response:
    """Ask once."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://x") as client:
        return await client.get(path)


async def site(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer as a service does."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-site", b"yes")]})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
def entrance() -> Entrance:
    """A service that is being opened."""
    health = Health()
    health.report("start", "log: no broker answers")
    return Entrance(create_app(health))


async def test_a_service_that_waits_for_its_broker_is_alive_not_ready_and_asks_to_come_again(
    entrance: Entrance,
) -> None:
    """A restart would cure nothing; SDKs keep their events on a 503."""
    assert (await ask(entrance, "/healthz")).status_code == 200
    ready = await ask(entrance, "/readyz")
    assert (ready.status_code, ready.json()["parts"]) == (503, {"start": "log: no broker answers"})
    events = await ask(entrance, "/v1/batch")
    assert (events.status_code, events.json()["code"]) == (503, "starting")
    assert int(events.headers["retry-after"]) > 0


async def test_every_answer_of_a_stopping_service_ends_its_connection(entrance: Entrance) -> None:
    """The client finds another instance with its next request, instead of being cut off in it."""
    entrance.site = site
    before = await ask(entrance, "/v1/batch")
    entrance.closing = True
    after = await ask(entrance, "/v1/batch")
    assert "connection" not in before.headers
    assert (after.status_code, after.text, after.headers["x-site"]) == (200, "done", "yes")
    assert after.headers["connection"] == "close"


async def test_a_stopping_service_sees_all_its_answers(entrance: Entrance) -> None:
    """An answer that passed the messages by would not tell that its connection ends: that way is closed by then."""
    offers = []

    async def asking(scope: Any, receive: Any, send: Any) -> None:
        offers.append(offered(scope))
        await site(scope, receive, send)

    scope = {"type": "http", "method": "POST", "path": "/v1/batch", "extensions": {EXTENSION: {"write": print}}}
    entrance.site = asking
    for closing in (False, True):
        entrance.closing = closing
        await entrance(scope, None, AsyncMock())
    assert offers == [print, None]


async def test_at_last_a_stopping_service_sends_everybody_elsewhere_but_still_tells_its_health(
    entrance: Entrance,
) -> None:
    """By the time that its port is closed, nobody should be coming to it."""
    entrance.site, entrance.closing, entrance.refusing = site, True, True
    refused = await ask(entrance, "/v1/batch")
    assert (refused.status_code, refused.json()["code"]) == (503, "stopping")
    assert (refused.headers["connection"], refused.headers["retry-after"]) == ("close", "1")
    assert (await ask(entrance, "/healthz")).status_code == 200
