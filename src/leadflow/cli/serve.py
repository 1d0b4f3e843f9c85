"""HTTP: a socket bound before anything starts, and uvicorn on it, stopped by us rather than by its own signals."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from leadflow.cli.protocol import Protocol, State
from leadflow.runtime.health import Asgi
from leadflow.runtime.settings import Settings, SettingsError

_BACKLOG = 2048
_KEEP_ALIVE = 75  # seconds; longer than the usual 60 of load balancers, so that they close first


def bind(settings: Settings) -> socket.socket:
    """Take the port, so that a taken one is told before anything else happens. Raises SettingsError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; set LEADFLOW_PORT or LEADFLOW_HOST"
        ) from error
    return listener


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the run decides on the order in which things stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Make `ready`, which is set once requests are served."""
        super().__init__(config)
        self._state = State()
        self.server_state = self._state
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    def show_all_requests(self) -> None:
        """Take no request past the application any more, as it has something to say in each answer from now on."""
        self._state.heads.close()

    def ask_to_stop(self) -> None:
        """Accept nothing more and finish what is being served. Goes the way on which event streams listen, too."""
        self.handle_exit(signal.SIGTERM, None)


def server(app: Asgi, settings: Settings) -> Server:
    """Return a server for the application; no access log (it would hold personal data), no framework at start-up."""
    return Server(
        uvicorn.Config(
            app,
            interface="asgi3",  # its guess goes by `async def`, and ours hands the awaitable of another on
            loop="none",  # runs in ours
            http=Protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=max(1, round(settings.drain_timeout)),
        )
    )


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT set `stop`; a second SIGINT ends at once, as nothing accepted can be lost by it."""
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set():
            loop.remove_signal_handler(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)
