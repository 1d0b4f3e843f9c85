"""The published Python SDKs of Segment and RudderStack against a started server."""

from collections.abc import Callable
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment
from e2e.api import Api, Json
from e2e.calls import WHILE_AWAY, check_delivered, make, plan
from e2e.modes import IN_BOTH_MODES
from e2e.server import SERVER, Server
from e2e.unreliable import losing_answers

Errors = list[tuple[Exception, list[Json]]]
MakeClient = Callable[..., Any]

CLIENTS = {
    "segment": segment.Client,
    "segment gzip": lambda key, **options: segment.Client(key, gzip=True, **options),
    "rudder": rudder.Client,  # gzip is its default
    "rudder plain": lambda key, **options: rudder.Client(key, gzip=False, **options),
}
RETRYING = ["segment", "rudder"]


def client_of(name: str, url: str, **options: Any) -> tuple[Any, Errors]:
    """Return an SDK's client, and the list of what it will have given up on."""
    errors: Errors = []
    client = CLIENTS[name](SERVER, host=url, on_error=lambda error, batch: errors.append((error, batch)), **options)
    return client, errors


@IN_BOTH_MODES
@pytest.mark.parametrize("name", CLIENTS)
def test_everything_arrives_once(name: str, api: Api, unique: Callable[[str], str]) -> None:
    """All kinds of calls and a long series: each is there once, with its profile, time and source."""
    calls = plan(unique)
    client, errors = client_of(name, api.url)
    for call in calls:
        make(client, call)
    client.shutdown()
    assert errors == []
    check_delivered(api, calls, "server")


@IN_BOTH_MODES
@pytest.mark.parametrize("name", RETRYING)
def test_lost_answers(name: str, api: Api, unique: Callable[[str], str]) -> None:
    """What an SDK sends again because an answer was lost counts once: it keeps its message ids."""
    calls = plan(unique, tracks=14)
    with losing_answers(api.url) as (url, losses):
        client, errors = client_of(name, url, upload_size=10)
        for call in calls:
            make(client, call)
        client.shutdown()
    assert errors == []
    assert losses.lost >= 2
    assert losses.requests >= 2 * losses.lost
    check_delivered(api, calls, "server")


@pytest.mark.parametrize("name", RETRYING)
def test_restart(name: str, server: Server, unique: Callable[[str], str]) -> None:
    """The server is stopped and started again in the middle of a series: the SDK's retries deliver all of it, once."""
    calls = plan(unique, tracks=94)
    before, meanwhile = calls[:50], calls[50:]
    server.start().close()
    client, errors = client_of(name, server.url, upload_size=10)
    for call in before:
        make(client, call)
    server.stop()  # some of `before` is accepted, some is on its way
    for call in meanwhile:
        make(client, call)
    with server.start() as api:
        client.shutdown()
        assert errors == []
        check_delivered(api, calls, "server", WHILE_AWAY)
