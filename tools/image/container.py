"""A built target, started as Kubernetes would: as its user, on a read-only root, with a volume for data."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tools.image import mounts
from tools.image.build import Built

_PATIENCE = 60.0  # seconds
_STOP_SECONDS = 30.0


class NotSo(AssertionError):
    """A target is not as it should be; the message says what it does instead."""


@dataclass(frozen=True, slots=True)
class Container:
    """A target's root, mounted, and how its processes are started."""

    root: Path
    built: Built
    user: str

    def run(self, command: Sequence[str], **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(  # noqa: S603 - the target's own commands
            self._in(command), env=self._env(env), check=False, capture_output=True, text=True, timeout=_PATIENCE
        )

    @contextmanager
    def running(self, command: Sequence[str], **env: str) -> Iterator["Service"]:
        """Start a service on a free port; it has to end by itself when it is told to."""
        port = _free_port()
        log = self.root.with_suffix(".log")
        environment = self._env({**env, "LEADFLOW_HOST": "127.0.0.1", "LEADFLOW_PORT": str(port)})
        with log.open("w") as output:
            process = subprocess.Popen(self._in(command), env=environment, stdout=output, stderr=output)  # noqa: S603
        service = Service(process, port, log)
        try:
            yield service
            process.terminate()
            if code := process.wait(_STOP_SECONDS):
                raise NotSo(f"{command} ends with {code}:\n{service.told()}")
        finally:
            process.kill()
            process.wait()

    def _in(self, command: Sequence[str]) -> list[str]:
        return mounts.inside(self.root, self.user, command)

    def _env(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**self.built.env, "HOME": "/", **more}


@dataclass(frozen=True, slots=True)
class Service:
    """A started service."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def told(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3_000:]

    def get(self, path: str) -> tuple[int, str]:
        """Ask it; (0, "") as long as nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait(self, path: str, wanted: Callable[[int, str], bool]) -> str:
        """Wait for an answer as it is wanted. Raises NotSo."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            status, body = self.get(path)
            if wanted(status, body):
                return body
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NotSo(f"{path} answers {status} {body}\n{self.told()}")
            time.sleep(0.05)

    def user_id(self) -> int:
        """Whose process it is."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("Uid:")[2].split()[0])


@contextmanager
def mounted(name: str, built: Built, work: Path) -> Iterator[Container]:
    """Mount a target's layers without a place for changes, but for /tmp and the volume at /data."""
    root = work / "run" / name
    mounts.overlay(root, built.layers, None)
    try:
        mounts.system(root)
        uid, _, gid = built.user.partition(":")
        mounts.memory(root / "data", f"mode=700,uid={uid},gid={gid}")
        yield Container(root, built, built.user)
    finally:
        mounts.unmount(root)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
