"""The leads of each stage, as the dashboard of the funnel shows them."""

import asyncio
from collections.abc import Callable

from leadflow import metrics
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts.collections import LEADS
from leadflow.contracts.documents import LeadDoc
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import shipped_model
from leadflow_admin_api.census import count_leads
from leadflow_admin_api.settings import AdminSettings

SETTINGS = AdminSettings(token="t", model=shipped_model(), rules=IdentityRules(), sources=())


def told(stage: str) -> float:
    """What a scrape would show."""
    return metrics.LEADS.labels(stage)._value.get()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  any condition; the deadline is above
            await asyncio.sleep(0.001)


async def test_leads_are_counted_by_stage_and_again() -> None:
    """Those linked below another have no stage and are not counted; a stage that all have left goes back to 0."""
    store, ending = MemoryStore(), asyncio.Event()
    await store.insert(LEADS, [("a", LeadDoc(stage="lead")), ("b", LeadDoc(stage="lead")), ("c", LeadDoc(parent="a"))])
    counting = asyncio.create_task(count_leads(store, SETTINGS, ending, every=0.001))
    await until(lambda: told("lead") == 2)
    assert told("customer") == 0
    for found in await store.get(LEADS, ["a", "b"]):
        assert found is not None
        await store.replace(LEADS, [(found.key, LeadDoc(stage="customer"), found.rev)])
    await until(lambda: (told("lead"), told("customer")) == (0, 2))
    ending.set()
    await counting
