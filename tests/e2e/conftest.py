"""Started servers for the end-to-end tests, and their logs beside each failure."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from e2e.api import Api
from e2e.distributed import Services
from e2e.modes import EMBEDDED, EVERY_MODE, ON_ARANGODB
from e2e.server import SETTINGS, Server
from fire.cast import initialise
from tools.arango_double.process import place
from tools.broker import Cluster

_STARTED: list[Server | Services] = []


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder."""
    item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every server's log with a failure."""
    report = yield
    if report.failed:
        report.sections += [(f"log of {server.url}", server.tail()) for server in _STARTED]
    return report


S = TypeVar("S", Server, Services)


@contextmanager
def _server(folder: Path, settings: Mapping[str, str] = SETTINGS) -> Iterator[Server]:
    """Give a server that is not started yet; if it runs at the end, it has to end cleanly."""
    with _ended(Server(folder, settings)) as server:
        yield server


@contextmanager
def _ended(server: S) -> Iterator[S]:
    """Stop at the end what runs then, and leave nothing behind."""
    _STARTED.append(server)
    try:
        yield server
        if server.running:
            server.stop()
    finally:
        _STARTED.remove(server)
        if server.running:
            server.kill()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only add to it."""
    with _server(tmp_path_factory.mktemp("shared")) as server:
        server.start().close()
        yield server


@pytest.fixture(scope="session")
def shared_services(kafka: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The same as separate services over Kafka."""
    with _ended(Services(tmp_path_factory.mktemp("shared"), kafka.url)) as services:
        services.start().close()
        yield services


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    """A client of the shared server, or services (see `modes`): use identifiers of your own."""
    mode = getattr(request, "param", EMBEDDED)
    server = request.getfixturevalue("shared_server" if mode == EMBEDDED else "shared_services")
    with server.client() as client:
        yield client


@pytest.fixture(scope="module", params=EVERY_MODE)
def own_of_each_mode(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server for one file of tests alone, then services for it alone, on each store: not started yet."""
    folder = tmp_path_factory.mktemp("own")
    with ExitStack() as stack:
        settings = dict(SETTINGS)
        if request.param.endswith(ON_ARANGODB):
            settings |= stack.enter_context(place("own")).settings
        if request.param.startswith(EMBEDDED):
            initialise(folder, {**settings, "LEADFLOW_DATA": str(folder / "data")})
            yield stack.enter_context(_server(folder, settings))
        else:
            yield stack.enter_context(_ended(Services(folder, request.getfixturevalue("kafka").url, settings)))


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for one file of tests alone, not started yet: there, counts are exact."""
    with _server(tmp_path_factory.mktemp("own")) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test alone, not started yet."""
    with _server(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def make_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Mapping[str, str]], AbstractContextManager[Server]]:
    """Make servers with other settings, for a file of tests that needs its own limits."""
    return lambda settings: _server(tmp_path_factory.mktemp("made"), settings)


@pytest.fixture(scope="module")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as a new user has it: nothing is set, not started yet."""
    with _server(tmp_path_factory.mktemp("new"), {}) as server:
        yield server


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Make ids that no other test uses: `unique("user")` is `user-5f0c…`, the same for the same word."""
    mark = uuid4().hex[:12]
    return lambda word: f"{word}-{mark}"
