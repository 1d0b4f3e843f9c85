"""Where simulated traffic goes and with which keys. Made-up people do not belong in somebody's real data."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from leadflow.cli.traffic.errors import SimulationError
from leadflow.runtime.secrets import load
from leadflow.runtime.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Target:
    """A running pipeline. `admin_token` None: touchpoints only, no sales and no funnel."""

    url: str
    write_key: str = field(repr=False)
    admin_token: str | None = field(repr=False)


def find_target(
    settings: Settings, *, url: str | None, write_key: str | None, admin_token: str | None, allow_remote: bool
) -> Target:
    """Complete what is given from the environment and the data folder. Raises SimulationError."""
    address = checked_url(url or f"http://127.0.0.1:{settings.port}", allow_remote=allow_remote)
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    key = write_key or next(iter(settings.keys), None)
    token = admin_token or token
    why = ""
    if key is None or token is None:
        try:
            kept = load(settings)
        except SettingsError as error:
            why = str(error)
        else:
            key, token = key or next(iter(kept.keys)), token or kept.admin_token
    if key is None:
        raise SimulationError(
            "no write key: give --write-key, set LEADFLOW_WRITE_KEYS, or name the data folder of the running pipeline "
            f"with --data (this time {settings.data.resolve()}: {why})"
        )
    return Target(address, key, token)


def checked_url(url: str, *, allow_remote: bool) -> str:
    """Return the address without a slash at its end. Raises SimulationError for another machine's, unless allowed."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SimulationError(f"--url {url!r} is no address: {error}") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise SimulationError(f"--url {url!r} is no address: write http://host:port")
    if not (allow_remote or is_loopback(host)):
        raise SimulationError(
            f"--url is {host}, another machine: simulated people would mix with its data; "
            "say --allow-remote if that is what you want"
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host's name is this machine for certain; no look-up is made."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
