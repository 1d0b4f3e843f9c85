"""Ports that are free now and stay free while a node is down."""

import random
import socket

# Below the ports that systems lend to outgoing connections: nobody takes a node's port while it restarts.
_FIRST, _LAST = 15_000, 32_000


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on, all different."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(_FIRST, _LAST)  # noqa: S311  not a secret
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
