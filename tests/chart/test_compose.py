"""compose.yaml, as far as it can be checked without Docker."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from chart.once_per_key import OncePerKey
from typer.testing import CliRunner

from leadflow.cli.main import app
from leadflow.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
SECRETS = {"LEADFLOW_WRITE_KEYS", "LEADFLOW_ADMIN_TOKEN", "LEADFLOW_HASH_SECRET", "LEADFLOW_ARANGO_PASSWORD"}
SERVERS = ("kafka", "arangodb")
OWN = ("init", "observer", "processor", "scoring", "admin-api")

Json = dict[str, Any]


@pytest.fixture(scope="module")
def composed() -> Json:
    """Read the file."""
    loaded: Json = yaml.load((ROOT / "compose.yaml").read_text(encoding="utf-8"), OncePerKey)  # noqa: S506  a safe one
    return loaded


def test_it_follows_the_compose_specification(composed: Json) -> None:
    """No key is unknown and no value of a wrong kind (the schema is that of compose-go 2.16.2, Apache-2.0)."""
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8"))
    found = jsonschema.Draft202012Validator(schema).iter_errors(composed)
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_every_setting_is_known(composed: Json) -> None:
    """A LEADFLOW_ variable that no setting reads would be a misspelling."""
    known = {f"LEADFLOW_{name.upper()}" for name in Settings.model_fields}
    for name in OWN:
        assert set(composed["services"][name]["environment"]) <= known


def test_every_service_is_a_command(composed: Json) -> None:
    """What a container runs is a command of the program, without arguments that it does not know."""
    for name in OWN:
        assert composed["services"][name]["command"] == [name]
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def test_no_secret_has_a_default(composed: Json) -> None:
    """Composing stops with a sentence where a secret is not given."""
    for name in OWN:
        for variable in SECRETS:
            assert re.fullmatch(rf"\$\{{{variable}:\?.+\}}", composed["services"][name]["environment"][variable])
    root = composed["services"]["arangodb"]["environment"]["ARANGO_ROOT_PASSWORD"]
    assert root.startswith("${LEADFLOW_ARANGO_PASSWORD:?")


def test_nothing_starts_before_what_it_needs(composed: Json) -> None:
    """The servers are healthy before topics and collections are made, and those are made before a service starts."""
    services = composed["services"]
    healthy = {name: {"condition": "service_healthy"} for name in SERVERS}
    assert services["init"]["depends_on"] == healthy
    for name in OWN[1:]:
        assert services[name]["depends_on"] == {**healthy, "init": {"condition": "service_completed_successfully"}}
        assert "/readyz" in services[name]["healthcheck"]["test"][-1]
    assert all("healthcheck" in services[name] for name in SERVERS)


def test_every_service_is_built_from_its_own_target(composed: Json) -> None:
    """By the name of its command; the job that prepares needs log and store, as the processor does."""
    for name in OWN:
        target = "processor" if name == "init" else name
        assert composed["services"][name]["build"] == {"context": ".", "target": target}
        assert composed["services"][name]["image"] == f"leadflow-{target}:local"
