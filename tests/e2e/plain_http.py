"""HTTP to servers on this machine, asked again and again while they start.

Without a context of its own each client of httpx reads every authority of the system: 50 ms, for what is never asked.
"""

import ssl
from typing import Any

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""It trusts nobody: what speaks TLS is refused."""


def get(url: str, *, headers: dict[str, str] | None = None, timeout: float = 5.0) -> httpx.Response:
    """Ask once. Raises what httpx raises."""
    return httpx.get(url, headers=headers, timeout=timeout, verify=NO_TLS)


def client(**options: Any) -> httpx.Client:
    """Return a client for many requests; the options are those of httpx."""
    return httpx.Client(verify=NO_TLS, **options)
