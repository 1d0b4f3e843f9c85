"""A Prometheus server of its own: configured, started, waited for, asked, and ended whatever happens."""

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError

from tools.broker.ports import free_ports
from tools.prometheus.programs import HERE, program

_READY_SECONDS = 60.0
_PAUSE = 0.05
_TAIL = 4_000  # characters of the log that an error shows


class NotReady(RuntimeError):
    """The server ended while it was starting, or took too long; the message shows its log."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that runs."""

    url: str

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Return the instant vector (a scalar counts as one without labels). ValueError for a wrong expression."""
        arguments = {"query": expression} if at is None else {"query": expression, "time": f"{at:.3f}"}
        answer = self._get(f"query?{urllib.parse.urlencode(arguments)}")
        if answer["resultType"] == "scalar":
            return [Sample({}, float(answer["result"][1]))]
        return [Sample(one["metric"], float(one["value"][1])) for one in answer["result"]]

    def firing(self) -> dict[str, list[Mapping[str, str]]]:
        """Return the alerts that fire now: by name, the labels of each."""
        found: dict[str, list[Mapping[str, str]]] = {}
        for alert in self._get("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found

    def ailing(self) -> dict[str, str]:
        """Return the rules whose last evaluation failed, with the error."""
        rules = [rule for group in self._get("rules")["groups"] for rule in group["rules"]]
        return {rule["name"]: rule["lastError"] for rule in rules if rule["health"] == "err"}

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=30) as answer:  # noqa: S310  our own
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{path}: {error.read().decode(errors='replace')}") from error


@contextmanager
def running(
    targets: Mapping[str, Sequence[str]],
    *,
    rules: Sequence[Path] = (),
    every: float = 0.5,
    port: int | None = None,
    data: Path | None = None,
) -> Iterator[Prometheus]:
    """Scrape `targets` (by job, `host:port` each) and evaluate `rules` every so many seconds.

    On a free port and in a temporary folder unless `port` and `data` say otherwise. It ends with whoever started it.
    """
    with TemporaryDirectory(prefix="leadflow-prometheus-") as temporary:
        folder = data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        address = f"127.0.0.1:{free_ports(1)[0] if port is None else port}"
        configuration = folder / "prometheus.json"  # YAML holds JSON
        configuration.write_text(json.dumps(_configuration(targets, rules, every)), encoding="utf-8")
        log = folder / "prometheus.log"
        command = [
            program("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ]
        with log.open("ab") as output:
            keeper = subprocess.Popen(  # noqa: S603  our own arguments, no shell
                [sys.executable, "-I", str(HERE.parent / "keeper.py"), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )
        try:
            server = Prometheus(f"http://{address}")
            _wait(server, keeper, log)
            yield server
        finally:
            assert keeper.stdin is not None  # noqa: S101  a pipe
            keeper.stdin.close()  # which ends it
            keeper.wait()


def _configuration(targets: Mapping[str, Sequence[str]], rules: Sequence[Path], every: float) -> dict[str, Any]:
    pace = f"{round(every * 1000)}ms"
    return {
        "global": {"scrape_interval": pace, "scrape_timeout": pace, "evaluation_interval": pace},
        "rule_files": [str(path.resolve()) for path in rules],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": list(addresses)}]} for job, addresses in targets.items()
        ],
    }


def _wait(server: Prometheus, keeper: subprocess.Popen[bytes], log: Path) -> None:
    """Return when it answers."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise NotReady(f"Prometheus is not ready:\n{log.read_text(encoding='utf-8', errors='replace')[-_TAIL:]}")
        try:
            server.query("vector(1)")
        except (URLError, ConnectionError, ValueError):  # ValueError: it starts
            time.sleep(_PAUSE)
        else:
            return
