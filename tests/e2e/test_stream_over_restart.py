"""A subscriber of the event stream over a restart of the server."""

from collections.abc import Iterator
from contextlib import closing

from e2e.api import Api, Json
from e2e.server import Server
from e2e.waiting import wait_for


def order(api: Api, user: str) -> None:
    """Make somebody a customer: one stage change."""
    api.send({"type": "track", "event": "Order Completed", "userId": user, "messageId": f"order-{user}"})
    api.scored([f"order-{user}"])


def next_change(blocks: Iterator[dict[str, str]]) -> tuple[str, Json]:
    """Return the next event: its id and what it carries."""
    for block in blocks:
        if "data" in block:
            return block["id"], Api.data(block)
    raise AssertionError("the stream has ended")


def test_stop_ends_the_stream_and_the_next_start_resumes_it(server: Server) -> None:
    """A stop does not wait for subscribers: their streams end. With the last id, nothing is missed or repeated."""
    with closing(server.start()) as api, api.events() as blocks:
        order(api, "one")
        order(api, "two")
        seen, change = next_change(blocks)
        assert change["to"] == "customer"
        first = change["profile_id"]
        server.stop()
        assert [Api.data(block)["to"] for block in blocks if "data" in block] in ([], ["customer"])
    with closing(server.start()) as api:
        order(api, "three")
        with api.events(**{"Last-Event-ID": seen}) as blocks:
            followed = [next_change(blocks)[1]["profile_id"] for _ in range(2)]
        everybody = [wait_for(lambda u=user: api.profile_id(user_id=u), user) for user in ("one", "two", "three")]
        assert sorted([first, *followed]) == sorted(everybody)
