"""The simulated sales team at work: a few colleagues, each with one lead at a time."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from leadflow.cli.traffic.admin import Admin
from leadflow.cli.traffic.errors import SimulationError
from leadflow.simulation.people import Person
from leadflow.simulation.sales import SalesAction

_COLLEAGUES = 4

Plan = tuple[Person, tuple[SalesAction, ...]]


@dataclass(slots=True)
class Worked:
    """What sales did: leads that got all that was planned, actions taken, leads that were not ready for it."""

    leads: int = 0
    actions: int = 0
    not_ready: int = 0


async def work(admin: Admin, plans: Iterable[Plan]) -> Worked:
    """Take every planned action, in order for each lead. Raises SimulationError."""
    worked = Worked()
    waiting = iter(plans)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_COLLEAGUES):
                group.create_task(_colleague(admin, waiting, worked))
    except* SimulationError as errors:
        raise errors.exceptions[0] from None
    return worked


async def _colleague(admin: Admin, waiting: Iterator[Plan], worked: Worked) -> None:
    for person, actions in waiting:
        profile_id = await admin.profile_id(person.email)
        for action in actions:
            if profile_id is None or not await admin.act(profile_id, action):
                worked.not_ready += 1
                break
            worked.actions += 1
        else:
            worked.leads += 1
