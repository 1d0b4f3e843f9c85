"""`leadflow up` as its own process: the start-up message, stopping, starting again, and what makes it end."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from e2e import plain_http
from e2e.server import PROGRAM, STOP_SECONDS, free_port
from e2e.waiting import wait_for

SMOKE = Path(__file__).parents[2] / "helm" / "leadflow" / "files" / "tests" / "smoke.py"


class Running:
    """A started `leadflow up`: its output goes to files, so that no pipe can fill up."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.out, self.err = folder / f"out-{port}", folder / f"err-{port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [PROGRAM, "up", "--port", str(port), "--data", folder / "data"],
                stdout=out,
                stderr=err,
                env=environment | dict(settings or {}),
            )

    def ready(self) -> bool:
        """Tell whether it serves."""
        if self.process.poll() is not None:
            pytest.fail(f"it ended with {self.process.returncode}: {self.err.read_text()}")
        try:
            return plain_http.get(f"{self.base}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def message(self) -> str:
        """Return what it printed."""
        return self.out.read_text()

    def stop(self) -> int:
        """Ask it to stop, as a service manager does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start it and wait until it serves; end it whatever happens."""
    started = Running(folder, free_port(), settings)
    try:
        wait_for(started.ready, "readiness")
        wait_for(lambda: "Paste this" in started.message(), "the message")
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait(STOP_SECONDS)


def paste(started: Running) -> Iterator[Callable[[], Any]]:
    """Yield each curl of the message as a function that runs it in a shell and returns its JSON."""
    for command in re.findall(r"^ +(curl .*)$", started.message(), re.MULTILINE):

        def run(command: str = command) -> Any:
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)  # noqa: S603, S607
            return json.loads(done.stdout)

        yield run


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curls_of_the_message_work_when_pasted_on_the_first_start_and_on_later_ones(tmp_path: Path) -> None:
    """The first start shows its keys; later ones look them up. What was known stays known, and a stop is clean."""
    with running(tmp_path) as first:
        send, read = paste(first)
        assert send() == {"success": True}
        (lead,) = wait_for(lambda: read()["items"], "a lead")
        wait_for(lambda: read()["items"][0]["stage"] == "mql", "its stage")
        assert first.stop() == 0
        assert "Generated," in first.message()
    with running(tmp_path) as second:
        send, read = paste(second)
        assert "Generated," not in second.message()
        assert [item["profile_id"] for item in read()["items"]] == [lead["profile_id"]]
        assert send() == {"success": True}
        assert second.stop() == 0


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """Nothing starts, nothing is written, exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        late = Running(tmp_path, taken.getsockname()[1])
        assert late.process.wait(STOP_SECONDS) == 2
        assert re.fullmatch(r"leadflow: cannot listen on 127\.0\.0\.1:\d+: .*\n", late.err.read_text())


def test_a_process_whose_partitions_another_one_takes_over_ends_and_says_so(tmp_path: Path) -> None:
    """Two owners would be one too many: the older is fenced, becomes unready and exits with the reason."""
    with running(tmp_path) as older, running(tmp_path) as newer:
        assert older.process.wait(STOP_SECONDS) == 2
        assert re.search(r"^leadflow: (processor|scoring):\S+ stopped: ", older.err.read_text(), re.MULTILINE)
        assert newer.ready()
        assert newer.stop() == 0


def test_where_output_is_collected_no_key_is_in_it(tmp_path: Path) -> None:
    """As in the chart: the generated keys are in the volume alone, where the script of `helm test` finds them."""
    with running(tmp_path, {"LEADFLOW_SHOW_KEYS": "false"}) as started:
        kept = json.loads((tmp_path / "data" / "secrets.json").read_text())
        assert kept["write_keys"].split(":")[1] not in started.message()
        assert kept["admin_token"] not in started.message()
        environment = {"LEADFLOW_DATA": str(tmp_path / "data")}
        assert helm_test(started, environment) == (0, "scored")
        environment["LEADFLOW_WRITE_KEYS"] = "web:of-somebody-else"
        assert helm_test(started, environment) == (2, "401 Unauthorized")


def helm_test(started: Running, environment: Mapping[str, str]) -> tuple[int, str]:
    """Send an event and follow it as the chart's test pod does: the exit code, and how the last line ends."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, SMOKE, started.base, started.base, "20"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip().split(": ")[-1]
