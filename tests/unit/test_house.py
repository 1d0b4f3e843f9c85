"""The house: the command line's manners, one port for all, logs without people, lock files that are current."""

import io
import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY

from leadflow.cli.dispatch import Site
from leadflow.cli.welcome import welcome
from leadflow.runtime.logging import HIDDEN, Seldom, configure
from leadflow.runtime.secrets import load_or_create, mark_shown
from leadflow.runtime.settings import Settings

ROOT = Path(__file__).parents[2]


def leadflow(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process, with nothing but the given environment."""
    command = [sys.executable, "-c", "from leadflow.cli.main import main; main()", *arguments]
    return subprocess.run(  # noqa: S603 - our own program
        command, env={"PATH": "", **environment}, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_wrong_setting_is_one_line_and_exit_code_2() -> None:
    """Never a traceback for what a user can cause."""
    done = leadflow("up", LEADFLOW_PORT="99999")
    assert done.returncode == 2
    assert re.fullmatch(r"leadflow: LEADFLOW_PORT: .*\n", done.stderr)


def test_the_version_is_that_of_the_package() -> None:
    """One source for the version: pyproject.toml."""
    done = leadflow("version")
    assert done.returncode == 0
    assert f'version = "{done.stdout.strip()}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_command_is_read_without_what_the_others_need() -> None:
    """A service starts without the arithmetic of tiers, made-up people, HTTP's framework or another's tables."""
    others = ("leadflow.core.sizing", "leadflow.simulation", "leadflow.contracts.schemas", "fastapi", "httpx", "yaml")
    program = f"import sys, leadflow.cli.main; print(sorted(sys.modules.keys() & {set(others)}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert done.stdout == "[]\n"


def test_a_log_that_is_not_in_this_version_is_refused_by_name(tmp_path: Path) -> None:
    """ArangoDB has its own issue, and is no log; nothing falls back in silence."""
    done = leadflow("init", LEADFLOW_DATA=str(tmp_path), LEADFLOW_LOG="arango://localhost:8529/leadflow")
    assert done.returncode == 2
    assert "LEADFLOW_LOG names arango, which is not in this version" in done.stderr


def test_init_can_be_run_again(tmp_path: Path) -> None:
    """It creates what is missing and leaves the rest."""
    first, second = leadflow("init", LEADFLOW_DATA=str(tmp_path)), leadflow("init", LEADFLOW_DATA=str(tmp_path))
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout


def test_make_help_lists_every_target_that_people_type() -> None:
    """The Makefile explains itself."""
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    for target in ("run", "test", "demo", "check", "schemas", "lock", "clean"):
        assert f"make {target} " in done.stdout


def test_the_locks_are_those_of_the_dependencies() -> None:
    """`make lock` has been run since pyproject.toml changed; every entry has a hash."""
    done = subprocess.run(
        [sys.executable, "tools/lock.py", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert text.count("--hash=") >= len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)) > 5
        assert "://" not in text


def test_the_first_start_shows_the_generated_keys_and_later_ones_do_not(tmp_path: Path) -> None:
    """Shown once; afterwards only where they are."""
    settings = Settings.model_validate({"data": tmp_path, "port": 8080})
    first = load_or_create(settings)
    shown = welcome(settings, first, 8080)
    mark_shown(first)
    again = welcome(settings, load_or_create(settings), 8080)
    (key,) = first.keys
    assert key in shown
    assert first.admin_token in shown
    assert first.hash_secret.decode() not in shown
    assert key not in again
    assert first.admin_token not in again
    assert str(tmp_path / "secrets.json") in again


def named(name: str) -> Any:
    """Return an application that answers its name."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name.encode()})

    return app


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/v1/track", "observer"),
        ("/healthz", "health"),
        ("/readyz", "health"),
        ("/metrics", "health"),
        ("/api/v1/leads", "admin"),
        ("/docs", "admin"),
    ],
)
async def test_each_path_reaches_its_application(path: str, who: str) -> None:
    """One port serves all, by a look-up ahead of the framework."""
    site = Site(named("health"), named("observer"), lambda path: path.startswith("/v1/"), named("admin"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://site") as client:
        assert (await client.get(path)).text == who


async def test_a_service_without_http_of_its_own_still_tells_its_health() -> None:
    """The processor answers probes, and 404 to everything else."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Site(named("health"))), base_url="http://x") as client:
        assert (await client.get("/readyz")).text == "health"
        assert (await client.get("/v1/track")).status_code == 404


def test_logs_are_json_and_hide_personal_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field named like personal data or a secret never reaches the log."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure(Settings.model_validate({"log_format": "json"}))
        structlog.get_logger("x").warning("seen", email="lan@example.vn", profile_id="p1")
        logging.getLogger("library").warning("plain")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert ours["email"] == HIDDEN
    assert (ours["profile_id"], ours["event"], ours["level"]) == ("p1", "seen", "warning")
    assert theirs["event"] == "plain"


def test_a_library_that_repeats_itself_is_heard_now_and_then() -> None:
    """A broker that is away for an hour does not fill the disk; our own lines all stand."""
    seldom = Seldom("aiokafka", seconds=10)

    def passes(name: str, at: float, node: int = 1) -> bool:
        record = logging.LogRecord(name, logging.ERROR, "x.py", 1, "Unable to connect to %s", (node,), None)
        record.created = at
        return bool(seldom.filter(record))

    assert [passes("aiokafka.client", at, node=at) for at in (1, 2, 10, 11, 12)] == [True, False, False, True, False]
    assert passes("aiokafka.conn", 12)
    assert passes("leadflow.x", 1)
    assert passes("leadflow.x", 1)


def test_every_metric_has_the_name_that_the_house_gives() -> None:
    """`leadflow_<tier>_<what>_<unit>` in base units, each with a sentence that says what it is."""
    units = "seconds|bytes|records|requests|streams|leads|cores|up|ready|open|stopped|info|total"
    families = [family for family in REGISTRY.collect() if family.name.startswith("leadflow")]
    assert len(families) > 20
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert re.fullmatch(rf"leadflow_[a-z]+_[a-z_]*?({units})", name), name
        assert family.documentation.endswith(".")
