"""What must hold for each target: it is what its lock says, holds nothing to build or install with, and works."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.image.container import Container, NotSo, Service
from tools.image.dockerfile import Dockerfile

_UNWANTED = ("pip", "pip3", "gcc", "cc", "c++", "make", "ld", "git", "curl", "wget")
_FOLDERS = ("usr/local/bin", "usr/bin", "bin", "usr/sbin", "sbin", "opt/leadflow/bin")
_SECRETS = {
    "LEADFLOW_WRITE_KEYS": "web:made-up-for-this-check",
    "LEADFLOW_ADMIN_TOKEN": "made-up-for-this-check",
    "LEADFLOW_HASH_SECRET": "made-up-for-this-check-alone",
    "LEADFLOW_ARANGO_PASSWORD": "made-up-for-this-check",
}
_FILES = {"LEADFLOW_LOG": "sqlite:////data/log.db", "LEADFLOW_STORE": "sqlite:////data/store.db"}
_NOBODY = "127.0.0.1:9"  # the port of `discard`, where no server is
_NO_STORE = frozenset({"observer", "embedded"})
_OK, _NOT_READY = 200, 503


def check(name: str, dockerfile: Dockerfile, container: Container) -> Iterator[str]:
    """Look at a target and start it; a sentence for each thing that holds. Raises NotSo for the first that does not."""
    yield _packages(container.root)
    yield _nothing_to_build_with(container)
    [health] = dockerfile.steps(name, "HEALTHCHECK")
    entry = dockerfile.steps(name, "ENTRYPOINT")[-1].command()
    command = dockerfile.steps(name, "CMD")[-1].command()
    if command == ["--help"]:
        command = ["up"]
    yield _works(container, [*entry, *command], health.command())
    if name not in _NO_STORE:
        yield _prepares(container, [*entry, "init"])
        yield _waits(container, [*entry, *_service(name)], "store", LEADFLOW_STORE=f"arango://{_NOBODY}/leadflow")
    if name != "embedded":
        yield _waits(container, [*entry, *_service(name)], "log", LEADFLOW_LOG=f"kafka://{_NOBODY}")


def _service(name: str) -> Sequence[str]:
    """A service that needs log and store: in the target of all it can be any."""
    return ["processor" if name == "all" else name]


def _packages(root: Path) -> str:
    """The packages are those of the lock, which lies beside them, and Leadflow."""
    lock = (root / "opt/leadflow/requirements.lock").read_text(encoding="utf-8")
    locked = {_plain(found) for found in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    there = {
        _plain(path.name.split("-")[0]) for path in root.glob("opt/leadflow/lib/python3*/site-packages/*.dist-info")
    }
    if "leadflow" not in there or there - locked - {"leadflow"}:
        raise NotSo(f"installed without being locked: {sorted(there - locked)}")
    size = sum(path.lstat().st_size for path in (root / "opt/leadflow").rglob("*")) / 2**20
    return f"{len(there)} packages, all of its lock; {size:.0f} MiB in /opt/leadflow"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _nothing_to_build_with(container: Container) -> str:
    """No compiler, no installer, no package lists."""
    root = container.root
    found = [f"{folder}/{name}" for folder in _FOLDERS for name in _UNWANTED if (root / folder / name).exists()]
    found += [str(path.relative_to(root)) for path in root.glob("usr/local/lib/python3*/site-packages/*")]
    found += [str(path.relative_to(root)) for path in (root / "var/lib/apt/lists").glob("*")]
    if found:
        raise NotSo(f"left behind: {', '.join(sorted(found))}")
    if container.run(["python", "-c", "import pip"]).returncode == 0:
        raise NotSo("pip can be imported")
    if container.run(["python", "-c", "open('/opt/leadflow/mark', 'w')"]).returncode == 0:
        raise NotSo("its root can be written")
    return "no compiler, no installer, no package lists; nothing can be written"


def _works(container: Container, command: Sequence[str], health: Sequence[str]) -> str:
    """It becomes ready on files, is found healthy, is nobody's root, and ends when it is told to."""
    tracing = {"LEADFLOW_TRACING": "otlp", "LEADFLOW_OTLP_ENDPOINT": f"http://{_NOBODY}"}
    with container.running(command, **_SECRETS, **_FILES, **tracing) as service:
        service.wait("/readyz", lambda status, _: status == _OK)
        _is_alive(service)
        if str(service.user_id()) != container.user.partition(":")[0] or service.user_id() == 0:
            raise NotSo(f"it runs as {service.user_id()}")
        done = container.run(health, LEADFLOW_PORT=str(service.port))
        if done.returncode:
            raise NotSo(f"HEALTHCHECK: {done.stderr}")
    return f"{' '.join(command)}: ready on SQLite as user {container.user}, HEALTHCHECK agrees, ends on SIGTERM"


def _prepares(container: Container, command: Sequence[str]) -> str:
    done = container.run(command, **_SECRETS, **_FILES)
    if done.returncode:
        raise NotSo(f"{command}: {done.stderr}")
    return f"{' '.join(command)}: done"


def _waits(container: Container, command: Sequence[str], part: str, **away: str) -> str:
    """Its client of a server is there: without that it is alive, says what it waits for, and ends when told to."""
    with container.running(command, **_SECRETS, **{**_FILES, **away}) as service:
        service.wait("/readyz", lambda status, body: status == _NOT_READY and f"{part}: " in body)
        _is_alive(service)
    [url] = away.values()
    return f"{' '.join(command)}: alive while it waits for {url.partition(':')[0]}"


def _is_alive(service: Service) -> None:
    service.wait("/healthz", lambda status, _: status == _OK)
