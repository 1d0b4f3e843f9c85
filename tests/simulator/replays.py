"""Somebody rebuilds leads beside the live ones, as `leadflow replay` does."""

from msgspec.structs import replace
from simulator.faulty_log import FaultyLog
from simulator.faulty_store import FaultyStore

from leadflow.core.scoring.model import Model
from leadflow.pipeline.replay import rebuild
from leadflow.pipeline.scoring.rescoring import leads_between, recount


async def replayed(log: FaultyLog, store: FaultyStore, model: Model, *, simulated: bool) -> None:
    """One replay. `simulated`: every lead is taken to differ, so that all of them are swapped."""
    await rebuild.clear(store)
    pids: list[str] = []
    if simulated:
        async for stored in leads_between(store):
            part = replace(await recount(store, stored.key, stored.value, model), publish=True)
            await rebuild.lay_down(store, rebuild.Finding(stored.key, ("simulated",), part))
            pids.append(stored.key)
    else:
        async for pid, finding in rebuild.compare(store, model):
            if finding is not None:
                await rebuild.lay_down(store, finding)
                pids.append(pid)
    await rebuild.order(log, pids)
