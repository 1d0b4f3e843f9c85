"""The Dockerfile, as far as reading it tells; `make image` carries it out (docs/kubernetes.md, Image)."""

import re
import tomllib
from pathlib import Path

import pytest
from tools.image.__main__ import TARGETS
from tools.image.dockerfile import Dockerfile, filled, parse
from typer.testing import CliRunner

from leadflow.cli.compose import Part
from leadflow.cli.main import app

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dockerfile() -> Dockerfile:
    """Read the file."""
    return parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def test_there_is_a_target_for_each_service(dockerfile: Dockerfile) -> None:
    """And one for the embedded pipeline, one for all; the last one is what comes without `--target`."""
    assert {*Part, "embedded", "all"} == set(TARGETS)
    assert set(TARGETS) <= set(dockerfile.stages)
    assert list(dockerfile.stages)[-1] == "all"


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_nobodys_root_and_says_what_it_is(dockerfile: Dockerfile, target: str) -> None:
    """A user by number, labels, a health check, and a command in the exec form, which gets signals itself."""
    uid, gid = dockerfile.steps(target, "USER")[-1].rest.split(":")
    assert int(uid) >= 10_000
    assert int(gid) >= 10_000
    labels: dict[str, str] = {}
    for step in dockerfile.steps(target, "LABEL"):
        labels |= step.pairs()
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in labels} >= {
        "title", "description", "licenses", "version", "revision", "created", "base.name"
    }  # fmt: skip
    assert labels[f"{prefix}title"] == ("leadflow" if target == "all" else f"leadflow-{target}")
    assert "/healthz" in dockerfile.steps(target, "HEALTHCHECK")[-1].command()[-1]
    entry = dockerfile.steps(target, "ENTRYPOINT")[-1].command()
    command = dockerfile.steps(target, "CMD")[-1].command()
    assert entry == ["leadflow"]
    assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_has_the_packages_of_its_extras_alone(dockerfile: Dockerfile, target: str) -> None:
    """By a lock of its own with hashes, in which others' packages are not."""
    packages = dockerfile.stages[f"{target}-packages"]
    [lock] = [step.rest.split()[0] for step in packages.steps if step.word == "COPY"]
    assert lock == f"requirements/{target}.lock"
    assert all("--require-hashes" in step.rest for step in packages.steps if step.word == "RUN")
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert "opentelemetry-sdk" in locked
    assert ("aiokafka" in locked) == (target != "embedded")
    assert ("python-arango-async" in locked) == (target not in {"observer", "embedded"})
    assert ("phonenumbers" in locked) == (target != "observer")
    own = {re.split(r"[\[<>=]", need)[0] for need in extras.get(target, [])} - {"leadflow"}
    assert own <= locked
    assert "hatchling" not in locked


def test_the_base_is_pinned_and_every_stage_stands_on_it(dockerfile: Dockerfile) -> None:
    """An exact version of Python and of Debian, slim, named once."""
    base = dockerfile.arguments["BASE"]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    bases = {next(dockerfile.lineage(name)).base for name in dockerfile.stages}
    assert bases == {base}


def test_nothing_comes_from_elsewhere(dockerfile: Dockerfile) -> None:
    """What is copied exists, and .dockerignore lets pass nothing else; nothing is fetched, no secret is built in."""
    steps = [step for stage in dockerfile.stages.values() for step in stage.steps]
    copied = {
        path for step in steps if step.word == "COPY" and "from" not in step.flags for path in step.rest.split()[:-1]
    }
    assert all((ROOT / path).exists() for path in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert not any(step.word == "ADD" for step in steps)
    runs = " ".join(step.rest for step in steps if step.word == "RUN")
    assert not re.search(r"curl|wget|https?:|apt-get install|chmod 777", runs)
    given = {name for step in steps if step.word in {"ENV", "ARG"} for name in step.pairs()}
    assert not [name for name in given if re.search(r"TOKEN|SECRET|PASSWORD|KEY", name)]


def test_it_is_read_as_docker_reads_it() -> None:
    """Comments, continued lines, flags, variables, and stages that go on from one another."""
    read = parse(
        "ARG BASE=python:1\n# why\nFROM ${BASE} AS one\nRUN --mount=type=cache,target=/c a \\\n  # in between\n  && b\n"
        'ENV A=1 B="two words"\nFROM one AS two\nCOPY --from=one /a /b\nCMD ["run", "it"]\n'
    )
    assert read.stages["one"].base == "python:1"
    assert [(stage.name, len(stage.steps)) for stage in read.lineage("two")] == [("one", 2), ("two", 2)]
    [run] = read.steps("two", "RUN")
    assert (run.flags, run.rest) == ({"mount": "type=cache,target=/c"}, "a && b")
    assert read.steps("two", "ENV")[0].pairs() == {"A": "1", "B": "two words"}
    assert read.steps("two", "CMD")[0].command() == ["run", "it"]
    assert filled("$A-${B}-${C}", {"A": "1", "B": "2"}) == "1-2-"
    with pytest.raises(ValueError, match="JSON list"):
        parse("FROM a AS b\nCMD run it\n").steps("b", "CMD")[0].command()
