"""The log fails, hangs or is full; too much comes at once: senders keep their events and are told when to come back."""

import asyncio

import httpx
import pytest
from pipeline.observer.world import NOW, World
from prometheus_client import REGISTRY

from leadflow import metrics
from leadflow.ports import Overloaded, Unavailable

TRACK = {"type": "track", "event": "A", "userId": "u1", "messageId": "m1"}


def is_refused_for_now(answer: httpx.Response, status: int, code: str, seconds: int) -> bool:
    """Whether an answer says to come back, in whole seconds."""
    return (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (status, code, str(seconds))


@pytest.mark.parametrize(
    ("fault", "code", "seconds"),
    [
        (Unavailable("the disk is full", 2.5), "unavailable", 3),
        (Unavailable("locked", 0.0), "unavailable", 1),
        (Overloaded("too much waits", 0.2), "overloaded", 1),
        (RuntimeError("a bug, with lan@example.vn in its text"), "internal_error", 1),
    ],
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/pixel.gif"])
async def test_a_failing_log_is_a_503_and_the_retry_succeeds(
    world: World, fault: Exception, code: str, seconds: int, path: str
) -> None:
    """Never a 200 for what is not durable, not even with a picture; never a 400, on which SDKs drop a batch."""

    async def send() -> httpx.Response:
        if path == "/v1/pixel.gif":
            data = "eyJ0eXBlIjoicGFnZSIsInVzZXJJZCI6InUxIn0"
            return await world.http.get(path, params={"writeKey": "k1", "data": data})
        return await world.post(path, {"batch": [TRACK]} if path == "/v1/batch" else TRACK)

    world.log.fault = fault
    answer = await send()
    assert is_refused_for_now(answer, 503, code, seconds)
    assert "lan@" not in answer.text
    assert await world.touchpoints() == []
    world.log.fault = None
    assert (await send()).status_code == 200
    assert len(await world.touchpoints()) == 1


async def test_a_hanging_log_is_not_waited_for_for_ever(make_world: type[World]) -> None:
    """503 after the time for an acknowledgement."""
    world = make_world(ack_timeout=0.01)
    world.log.hangs = True
    assert is_refused_for_now(await world.post("/v1/track", TRACK), 503, "ack_timeout", 1)


async def test_a_success_waits_for_the_log(world: World) -> None:
    """As long as the log has not returned, there is no answer."""
    world.log.hangs = True
    request = asyncio.create_task(world.post("/v1/track", TRACK))
    await world.log.called.acquire()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not request.done()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


@pytest.mark.parametrize("limit", [{"max_in_flight": 2}, {"max_in_flight_bytes": 150}])
async def test_too_much_at_once_is_turned_away(make_world: type[World], limit: dict[str, int]) -> None:
    """503 before the body is read; when the others are done there is room again."""
    world = make_world(**limit)
    world.log.hangs = True
    waiting = [asyncio.create_task(world.post("/v1/track", TRACK)) for _ in range(2)]
    for _ in waiting:
        await world.log.called.acquire()
    assert is_refused_for_now(await world.post("/v1/track", TRACK), 503, "overloaded", 1)
    for request in waiting:
        request.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    world.log.hangs = False
    assert (await world.post("/v1/track", TRACK)).status_code == 200


async def test_a_pipeline_that_is_behind_takes_no_more(world: World) -> None:
    """503 from the limit on, nothing is written, the picture is no exception; below it there is room again."""
    world.backlog.records = 1_000
    assert is_refused_for_now(await world.post("/v1/track", TRACK), 503, "behind", 5)
    assert is_refused_for_now(await world.post("/v1/batch", {"batch": [TRACK]}), 503, "behind", 5)
    assert (await world.http.get("/v1/pixel.gif", params={"writeKey": "k1", "data": "e30"})).status_code == 503
    assert world.log.appends == []
    world.backlog.records = 999
    assert (await world.post("/v1/track", TRACK)).status_code == 200


async def test_a_process_without_hops_is_never_behind(world: World) -> None:
    """No limit is no limit, whatever waits."""
    world.backlog.limit, world.backlog.records = 0, 1_000_000
    assert (await world.post("/v1/track", TRACK)).status_code == 200


async def test_a_write_key_above_its_rate_waits_alone(make_world: type[World]) -> None:
    """429 for it, 200 for others; after the wait it may send again."""
    world = make_world(rate_limit=5)
    assert (await world.post("/v1/batch", {"batch": [TRACK] * 10})).status_code == 200
    assert is_refused_for_now(await world.post("/v1/batch", {"batch": [TRACK] * 10}), 429, "rate_limited", 2)
    assert (await world.post("/v1/track", TRACK, auth=("k2", ""))).status_code == 200
    world.clock.instant = NOW + 2000
    assert (await world.post("/v1/batch", {"batch": [TRACK] * 10})).status_code == 200


async def test_what_happens_is_counted(world: World) -> None:
    """Requests by path and status, events by type and source, refusals by code; nothing stays in flight."""

    def counted() -> list[float]:
        value = REGISTRY.get_sample_value
        return [
            value("leadflow_observer_requests_total", {"path": "/v1/track", "status": "200"}) or 0,
            value("leadflow_observer_events_total", {"type": "track", "source": "site"}) or 0,
            value("leadflow_observer_rejected_total", {"code": "missing_event"}) or 0,
            value("leadflow_observer_ack_seconds_count") or 0,
        ]

    before = counted()
    await world.post("/v1/t", TRACK)
    await world.post("/v1/track/", {**TRACK, "event": None})
    await world.post("/v1/batch", {"batch": [TRACK, {**TRACK, "event": None}]})
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 2, 2, 2]
    (in_flight,) = metrics.OBSERVER_IN_FLIGHT.collect()
    assert [sample.value for sample in in_flight.samples] == [0]


async def test_a_server_may_start_and_stop_it(world: World) -> None:
    """The lifespan of ASGI is answered; a web socket is closed."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return messages.pop(0)

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message["type"])

    await world.app({"type": "lifespan"}, receive, send)
    await world.app({"type": "websocket"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
