"""The server of the product around an application of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from leadflow.cli.serve import Server, bind, server
from leadflow.runtime.health import Asgi
from leadflow.runtime.settings import load_settings

SECONDS = 10


@asynccontextmanager
async def running(site: Asgi, folder: Path) -> AsyncIterator[tuple[Server, int]]:
    """Serve on a free port; the server and the port."""
    settings = load_settings(data=folder, port=0, host="127.0.0.1")
    with bind(settings) as listener:
        made = server(site, settings)
        task = asyncio.create_task(made.serve([listener]))
        await made.ready.wait()
        yield made, listener.getsockname()[1]
        made.ask_to_stop()
        await asyncio.wait_for(task, SECONDS)
