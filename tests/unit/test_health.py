"""Health, readiness, and the supervision behind it."""

import asyncio

import httpx
import pytest

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.pipeline.dead_letters import TooManyRejected
from leadflow.ports import Unavailable
from leadflow.runtime.health import Health, create_app, log_check, store_check
from leadflow.runtime.supervision import Supervisor


async def ask(health: Health, path: str, method: str = "GET") -> httpx.Response:
    """Ask the health application once."""
    transport = httpx.ASGITransport(create_app(health))
    async with httpx.AsyncClient(transport=transport, base_url="http://health") as client:
        return await client.request(method, path)


async def away() -> None:
    """Answer as a store does whose disk is full."""
    raise Unavailable("the disk is full")


async def silent() -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def test_a_process_with_working_parts_is_ready() -> None:
    """Log and store are really asked."""
    health = Health({"log": log_check(MemoryLog()), "store": store_check(MemoryStore())})
    health.report("scoring:resolved")
    answer = await ask(health, "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "parts": {"log": "ok", "store": "ok", "scoring:resolved": "ok"}}


async def test_a_store_that_cannot_serve_makes_the_process_unready_and_is_named() -> None:
    """The answer says which part and why; the process itself is alive."""
    health = Health({"store": away})
    answer = await ask(health, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"store": "the disk is full"}
    assert (await ask(health, "/healthz")).status_code == 200


async def test_a_part_that_does_not_answer_in_time_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe never hangs."""
    monkeypatch.setattr("leadflow.runtime.health._CHECK_SECONDS", 0.01)
    answer = await ask(Health({"log": silent}), "/readyz")
    assert answer.status_code == 503
    assert "no answer within" in answer.json()["parts"]["log"]


async def test_a_stopping_process_is_not_ready() -> None:
    """Load balancers look elsewhere before the port closes."""
    answer = await ask(Health({}, stopping=True), "/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "stopping")


async def test_metrics_are_exposed_in_the_text_format() -> None:
    """Prometheus finds every hop, moved or not."""
    answer = await ask(Health({}), "/metrics")
    assert answer.status_code == 200
    for name in ("leadflow_observer_ack_seconds_bucket", "leadflow_resolver_records_total", "leadflow_scoring_fenced"):
        assert name in answer.text


async def test_what_is_scraped_is_true_at_that_moment() -> None:
    """Nobody has to ask for readiness before: a part that fails shows at the next scrape, and when it works again."""
    health = Health({"scraped": away})
    answer = await ask(health, "/metrics")
    assert "leadflow_runtime_ready 0.0" in answer.text
    assert 'leadflow_runtime_part_up{part="scraped"} 0.0' in answer.text
    health.checks = {"scraped": store_check(MemoryStore())}
    answer = await ask(health, "/metrics")
    assert "leadflow_runtime_ready 1.0" in answer.text
    assert 'leadflow_runtime_part_up{part="scraped"} 1.0' in answer.text


async def test_only_reading_is_allowed() -> None:
    """A POST to a health path changes nothing and says so."""
    assert (await ask(Health({}), "/healthz", "POST")).status_code == 405
    assert (await ask(Health({}), "/healthz", "HEAD")).status_code == 200


async def test_a_task_that_dies_makes_the_process_unready_and_ends_it() -> None:
    """The reason is kept for the exit; the other tasks are asked to end."""
    stop = asyncio.Event()
    supervisor = Supervisor(Health({}), stop)
    ended = asyncio.Event()

    async def dies(_ending: asyncio.Event) -> None:
        raise Unavailable("another owner took over")

    async def lives(ending: asyncio.Event) -> None:
        await ending.wait()
        ended.set()

    supervisor.start("lives", lives)
    supervisor.start("dies", dies)
    await asyncio.wait_for(stop.wait(), 5)
    assert supervisor.failure == "dies stopped: another owner took over"
    assert (await ask(supervisor.health, "/readyz")).status_code == 503
    assert (await ask(supervisor.health, "/healthz")).status_code == 503
    await supervisor.finish(5)
    assert ended.is_set()
    assert supervisor.health.tasks["lives"] == "ok"


async def test_a_task_that_returns_unasked_counts_as_dead() -> None:
    """A consumer that has nothing to do waits; it does not return."""
    supervisor = Supervisor(Health({}), asyncio.Event())

    async def returns(_ending: asyncio.Event) -> None:
        return

    supervisor.start("returns", returns)
    await asyncio.wait_for(supervisor.stop.wait(), 5)
    assert supervisor.failure == "returns stopped: ended by itself"


async def test_a_task_that_does_not_end_in_time_is_cut_off() -> None:
    """A stop takes no longer than it may; idempotent work is done again later."""
    supervisor = Supervisor(Health({}), asyncio.Event())

    async def stubborn(_ending: asyncio.Event) -> None:
        await silent()

    supervisor.start("stubborn", stubborn)
    await asyncio.wait_for(supervisor.finish(0.01), 5)
    assert supervisor.failure is None


async def test_a_consumer_that_rejects_too_much_stops_alone() -> None:
    """Unready, with the reason; what comes in meanwhile is taken, and the process lives."""
    supervisor = Supervisor(Health({}), asyncio.Event())

    async def rejects(_ending: asyncio.Event) -> None:
        raise TooManyRejected("120 of the latest 150 records could not be processed")

    await asyncio.wait_for(supervisor.start("scoring:resolved", rejects), 5)
    assert not supervisor.stop.is_set()
    answer = await ask(supervisor.health, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["scoring:resolved"].startswith("120 of the latest 150")
    scraped = await ask(supervisor.health, "/metrics")
    assert 'leadflow_runtime_consumer_stopped{part="scoring:resolved"} 1.0' in scraped.text
    await supervisor.finish(5)
    assert supervisor.failure is None


async def test_a_task_that_a_library_cancels_from_inside_has_died() -> None:
    """It would be missed by nobody else: to asyncio a cancelled task is no failure."""

    async def cancelled_from_inside(_: asyncio.Event) -> None:
        raise asyncio.CancelledError

    supervisor = Supervisor(Health({}), asyncio.Event())
    await supervisor.start("hop", cancelled_from_inside)
    assert supervisor.stop.is_set()
    assert supervisor.failure == "hop stopped: a cancellation came from inside"
