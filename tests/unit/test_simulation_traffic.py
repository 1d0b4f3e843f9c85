"""Sending simulated traffic: paced, in order, patient, and to this machine only."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from leadflow.cli.traffic.admin import Admin
from leadflow.cli.traffic.caller import Caller
from leadflow.cli.traffic.errors import SimulationError
from leadflow.cli.traffic.pace import Pace, Replay
from leadflow.cli.traffic.run import Traffic, run
from leadflow.cli.traffic.sales_desk import work
from leadflow.cli.traffic.sending import Lanes, Sent
from leadflow.cli.traffic.target import Target, checked_url, find_target
from leadflow.core.time import SECOND, from_rfc3339
from leadflow.runtime.secrets import load_or_create
from leadflow.runtime.settings import load_settings
from leadflow.simulation.population import Population

END = from_rfc3339("2026-11-21T18:00:00Z")
FEW = Population(3, 60, 10)

Answer = Callable[[httpx.Request], httpx.Response]


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept.append(seconds)
        self.now += seconds


def client(answer: Answer) -> httpx.AsyncClient:
    """A client whose requests `answer` answers."""
    return httpx.AsyncClient(base_url="http://127.0.0.1:8080", transport=httpx.MockTransport(answer))


def success(_request: httpx.Request) -> httpx.Response:
    """The observer's answer."""
    return httpx.Response(200, json={"success": True})


async def send(answer: Answer, *, now_dated: bool = False, batch: int = 20, clock: Clock | None = None) -> Sent:
    """Send a few people's touchpoints as fast as it goes."""
    clock = clock or Clock()
    async with client(answer) as http:
        caller = Caller(http, sleep=clock.sleep, clock=clock)
        lanes = Lanes(caller, write_key="key", batch=batch, lanes=3, advance=lambda _more: None)
        return await lanes.send(FEW.timeline(END), Pace(1e9, 0.0), now_dated=now_dated, sleep=clock.sleep)


async def test_all_is_sent_in_batches_and_each_person_in_order() -> None:
    """Batches are full but for the last ones, carry the write key and no sentAt, and keep each person's order."""
    batches: list[list[dict[str, Any]]] = []

    def observer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/batch"
        assert request.headers["authorization"] == "Basic a2V5Og=="
        body = json.loads(request.content)
        assert list(body) == ["batch"]
        batches.append(body["batch"])
        return success(request)

    sent = await send(observer)
    events = [event for batch in batches for event in batch]
    assert sent.events == len(events) == len(FEW.timeline(END))
    assert sent.batches == len(batches)
    assert sum(len(batch) < 20 for batch in batches) <= 3
    assert max(len(batch) for batch in batches) == 20
    for person in FEW.people:
        times = [event["timestamp"] for event in events if event["messageId"].startswith(f"sim-{person.code}-")]
        assert times == sorted(times)
    assert set(sent.last_ids) <= {event["messageId"] for event in events}


async def test_live_touchpoints_happen_when_they_are_sent() -> None:
    """They carry no time of their own: the observer's stands."""

    def observer(request: httpx.Request) -> httpx.Response:
        assert all("timestamp" not in event for event in json.loads(request.content)["batch"])
        return success(request)

    assert (await send(observer, now_dated=True)).events > 0


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_observer_is_asked_again_when_it_says(status: int) -> None:
    """Retry-After is honoured, and the same batch goes again."""
    bodies: list[bytes] = []
    clock = Clock()

    def observer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(status, headers={"retry-after": "7"}) if len(bodies) == 1 else success(request)

    sent = await send(observer, batch=300, clock=clock)
    assert clock.slept.count(7.0) == 1
    assert bodies.count(bodies[0]) == 2
    assert sent.events == len(FEW.timeline(END))


async def test_patience_ends() -> None:
    """An observer that stays busy stops the simulation with a sentence."""
    clock = Clock()
    with pytest.raises(SimulationError, match=r"status 503 for 120 s"):
        async with client(lambda _request: httpx.Response(503)) as http:
            await Caller(http, sleep=clock.sleep, clock=clock).call("GET", "/")
    assert 60 < clock.now <= 120
    assert clock.slept == sorted(clock.slept)


async def test_a_refused_batch_stops_with_the_reason() -> None:
    """A wrong write key is told as the observer tells it."""
    refused = httpx.Response(401, json={"code": "unknown_write_key", "message": "this write key is not known"})
    with pytest.raises(SimulationError, match=r"401 this write key is not known"):
        await send(lambda _request: refused)


async def test_nobody_there() -> None:
    """Without a running pipeline the message says how to start one; one that goes away later is waited for."""

    def nobody(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(SimulationError, match="leadflow up"):
        await send(nobody)
    answers = 0

    def restarted(request: httpx.Request) -> httpx.Response:
        nonlocal answers
        answers += 1
        return nobody(request) if answers == 4 else success(request)

    assert (await send(restarted)).events == len(FEW.timeline(END))


def test_the_rate_is_a_bound() -> None:
    """A thousand touchpoints at 100 a second take about ten seconds, also when the pipeline held them up before."""
    for held_up in (0.0, 60.0):
        pace, now = Pace(100, 0.0), held_up
        for _ in range(1000):
            now += pace.wait(now, 0)
        assert 9.5 <= now - held_up <= 10.1


def test_a_replay_keeps_the_times() -> None:
    """Sixty times as fast, a touchpoint an hour after the start is due after a minute."""
    pace = Pace(1000, 100.0, Replay(END, 60.0))
    assert pace.wait(100.0, END) == 0
    assert pace.wait(100.0, END + 3600 * SECOND) == pytest.approx(60.0)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/", "http://localhost", "http://[::1]:1", "http://a.localhost:8"]
)
def test_this_machine_is_a_target(url: str) -> None:
    """Every name of the loopback will do."""
    assert checked_url(url, allow_remote=False) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://leads.example", "https://192.0.2.7:8080", "http://127.0.0.1.example"])
def test_another_machine_needs_a_word(url: str) -> None:
    """Made-up people are not sent elsewhere by mistake."""
    with pytest.raises(SimulationError, match="--allow-remote"):
        checked_url(url, allow_remote=False)
    assert checked_url(url, allow_remote=True) == url


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://[::1"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    """The message shows how an address is written."""
    with pytest.raises(SimulationError, match="is no address"):
        checked_url(url, allow_remote=False)


def find(data: Path, **given: Any) -> Target:
    """The target for a data folder."""
    options: dict[str, Any] = {"url": None, "write_key": None, "admin_token": None, **given}
    return find_target(load_settings(data=data), allow_remote=False, **options)


def test_the_keys_of_a_running_pipeline_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the data folder keeps is used; what is given wins; the port is the configured one."""
    monkeypatch.setenv("LEADFLOW_PORT", "9123")
    secrets = load_or_create(load_settings(data=tmp_path))
    assert find(tmp_path) == Target("http://127.0.0.1:9123", next(iter(secrets.keys)), secrets.admin_token)
    assert find(tmp_path, write_key="k", admin_token="t") == Target("http://127.0.0.1:9123", "k", "t")


def test_without_keys_the_message_says_what_to_do(tmp_path: Path) -> None:
    """No data folder and no key: nothing can be sent. A write key alone sends, without sales."""
    with pytest.raises(SimulationError, match="--write-key"):
        find(tmp_path)
    assert find(tmp_path, write_key="k").admin_token is None


def test_keys_are_not_printed(tmp_path: Path) -> None:
    """A target in a traceback gives nothing away."""
    assert "hidden" not in repr(find(tmp_path, write_key="hidden-key", admin_token="hidden-token"))


class Desk:
    """An admin API that keeps what it is asked."""

    def __init__(self, illegal: str = "") -> None:
        self.illegal = illegal
        self.acted: list[tuple[str, str, str]] = []  # profile, type, key

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        path = request.url.path
        if path == "/v1/batch":
            return success(request)
        assert request.headers["authorization"] == "Bearer token"
        if path == "/api/v1/profiles":
            return httpx.Response(200, json={"items": [{"profile_id": request.url.params["email"]}]})
        if path.startswith("/api/v1/receipts/"):
            return httpx.Response(200, json={"status": "scored"})
        if path == "/api/v1/funnel":
            return httpx.Response(200, json={"stages": {"visitor": 55, "lead": 5}})
        kind = json.loads(request.content)["type"]
        if kind == self.illegal:
            return httpx.Response(409, json={"code": "illegal_action"})
        self.acted.append((path.split("/")[4], kind, request.headers["idempotency-key"]))
        return httpx.Response(202, json={})


async def test_sales_does_what_is_planned_in_order() -> None:
    """Each lead gets its actions one after the other, with keys that make a second run do nothing."""
    population, desk = Population(5, 1000, 30), Desk()
    async with client(desk) as http:
        worked = await work(Admin(Caller(http), "token"), population.sales())
    plans = list(population.sales())
    assert worked.leads == len(plans) > 10
    assert worked.actions == len(desk.acted)
    for person, actions in plans:
        done = [(kind, key) for profile, kind, key in desk.acted if profile == person.email]
        assert done == [(action.body["type"], action.key) for action in actions]


async def test_sales_leaves_a_lead_that_is_not_ready() -> None:
    """Where the stage does not allow an action, nothing more is tried on that lead, and the others go on."""
    population, desk = Population(5, 1000, 30), Desk(illegal="accept")
    async with client(desk) as http:
        worked = await work(Admin(Caller(http), "token"), population.sales())
    accepted = sum(person.reaches("sql") for person, _ in population.sales())
    assert worked.not_ready == accepted > 0
    assert {kind for _, kind, _ in desk.acted}.isdisjoint({"accept", "bant", "won"})


async def test_a_whole_run_ends_with_the_funnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain lines where there is no terminal: how far it is, what was sent, what sales did, where leads stand."""
    original = httpx.AsyncClient
    desk = Desk()

    def mocked(**options: Any) -> httpx.AsyncClient:
        return original(transport=httpx.MockTransport(desk), **options)

    monkeypatch.setattr(httpx, "AsyncClient", mocked)
    written = io.StringIO()
    traffic = Traffic(rate=1e6, batch=50, lanes=2, speed=None, sales=True)
    target = Target("http://127.0.0.1:8080", "key", "token")
    await run(Population(5, 200, 30), target, traffic, Console(file=written, force_terminal=False))
    text = written.getvalue()
    assert "200 people" in text
    assert "visitor 200 → lead" in text
    assert "sales took" in text
    assert "visitor      55" in text
    assert len(text.splitlines()) < 25
