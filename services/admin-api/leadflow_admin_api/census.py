"""How many leads stand in each stage, counted now and then for the metrics: the funnel that a dashboard shows."""

import asyncio
from contextlib import suppress

import structlog

from leadflow import metrics
from leadflow.contracts.collections import LEADS
from leadflow.ports import Store, Unavailable
from leadflow_admin_api.models import stage_names
from leadflow_admin_api.settings import AdminSettings

_EVERY = 60.0  # seconds: the store reads one entry of an index for each lead

_logger = structlog.get_logger(__name__)


async def count_leads(store: Store, settings: AdminSettings, ending: asyncio.Event, every: float = _EVERY) -> None:
    """Keep the gauge true until `ending`; stages of the model that nobody stands in are told as 0."""
    while not ending.is_set():
        try:
            counted = await store.count(LEADS, "stage")
        except Unavailable as error:
            _logger.warning("leads_not_counted", error=str(error))
        else:
            for stage in {*stage_names(settings.model), *map(str, counted)}:
                metrics.LEADS.labels(stage).set(counted.get(stage, 0))
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), every)
