"""One simulation from the first touchpoint to the funnel."""

import time
from dataclasses import dataclass

import httpx
from rich.console import Console

from leadflow.adapters.system_clock import SystemClock
from leadflow.cli.traffic import report
from leadflow.cli.traffic.admin import Admin
from leadflow.cli.traffic.caller import Caller
from leadflow.cli.traffic.pace import Pace, Replay
from leadflow.cli.traffic.progress import progress
from leadflow.cli.traffic.sales_desk import work
from leadflow.cli.traffic.sending import Lanes, Sent
from leadflow.cli.traffic.target import Target
from leadflow.simulation.population import Population

_SETTLING = 120.0
"""Seconds that the pipeline gets to score what it was sent, before sales begins."""

_ANSWER = 30.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How to send. `speed` None: the past, dated as it was; else now, so many times as fast as it was."""

    rate: float
    batch: int
    lanes: int
    speed: float | None
    sales: bool


async def run(population: Population, target: Target, traffic: Traffic, console: Console) -> None:
    """Send, let sales work, show the funnel. Raises SimulationError."""
    # The proxies of the environment are for other machines.
    async with httpx.AsyncClient(base_url=target.url, timeout=_ANSWER, trust_env=False) as client:
        caller = Caller(client)
        sent = await _send(population, target, traffic, caller, console)
        for line in report.sent_lines(sent, caller.repeats):
            _say(console, line)
        stages = None
        if target.admin_token is None:
            _say(console, "no admin token (--admin-token or LEADFLOW_ADMIN_TOKEN): no sales, no funnel")
        else:
            stages = await _follow_up(population, sent, traffic, Admin(caller, target.admin_token), console)
        for line in report.funnel_lines(population.reached(), stages):
            _say(console, line)


async def _send(population: Population, target: Target, traffic: Traffic, caller: Caller, console: Console) -> Sent:
    now = SystemClock().now()
    timeline = population.timeline(now)
    replay = None if traffic.speed is None else Replay(population.window(now).start, traffic.speed)
    _say(console, f"{population.profiles} people, {len(timeline)} touchpoints over {population.days} days")
    with progress(console, "sent", len(timeline)) as advance:
        lanes = Lanes(caller, write_key=target.write_key, batch=traffic.batch, lanes=traffic.lanes, advance=advance)
        pace = Pace(traffic.rate, time.monotonic(), replay)
        return await lanes.send(timeline, pace, now_dated=replay is not None)


async def _follow_up(
    population: Population, sent: Sent, traffic: Traffic, admin: Admin, console: Console
) -> dict[str, int]:
    """Wait for the scores, let sales work, and read the funnel."""
    if not await admin.settled(sent.last_ids, _SETTLING):
        _say(console, f"the pipeline is still at work after {_SETTLING:g} s: what follows is how far it is")
    if traffic.sales:
        _say(console, report.sales_line(await work(admin, population.sales())))
    return await admin.funnel()


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
