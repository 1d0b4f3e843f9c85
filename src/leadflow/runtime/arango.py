"""From settings to ArangoDB: how it is reached, and whether services can work with it."""

import re

from leadflow.adapters.arango_options import ArangoOptions
from leadflow.adapters.arango_schema import check, prepare
from leadflow.adapters.store_arango import ArangoStore
from leadflow.runtime.settings import Settings, SettingsError

_URL = re.compile(r"arango://(?P<hosts>[^/@]+)/(?P<database>[A-Za-z][A-Za-z0-9_-]{0,63})/?")


def arango_options(settings: Settings) -> ArangoOptions:
    """Return how ArangoDB is reached. Raises SettingsError, WrongOptions."""
    match = _URL.fullmatch(settings.store_url)
    if match is None:
        raise SettingsError(
            "LEADFLOW_STORE: write arango://host:port,…/database; user and password have settings of their own, "
            "LEADFLOW_ARANGO_USERNAME and LEADFLOW_ARANGO_PASSWORD"
        )
    if settings.arango_password is None:
        raise SettingsError("LEADFLOW_ARANGO_PASSWORD: not set, but LEADFLOW_STORE names ArangoDB")
    scheme = "https" if settings.arango_tls else "http"
    return ArangoOptions(
        hosts=tuple(f"{scheme}://{host}" for host in match["hosts"].split(",") if host),
        database=match["database"],
        username=settings.arango_username,
        password=settings.arango_password.get_secret_value(),
        authentication=settings.arango_auth,
        ca_file=None if settings.arango_ca_file is None else str(settings.arango_ca_file),
        call_timeout=settings.arango_call_timeout,
        wait_for_sync=settings.arango_sync,
        replication_factor=settings.arango_replication,
        write_concern=settings.arango_write_concern,
        sharded=settings.arango_sharded,
        shards=settings.arango_shards,
    )


async def open_arango(settings: Settings) -> ArangoStore:
    """Open the store and look whether its collections are there. Raises NotPrepared, StoreRefused, Unavailable."""
    store = await ArangoStore.open(arango_options(settings))
    try:
        await check(store.server)
    except BaseException:
        await store.close()
        raise
    return store


async def prepare_arango(settings: Settings) -> list[str]:
    """Create what is absent; a sentence for each thing done."""
    return await prepare(arango_options(settings))
