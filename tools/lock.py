"""Keep the lock files: `python tools/lock.py write` resolves them anew, `check` says offline whether they are current.

Each lock starts with a hash of the sections of pyproject.toml that it was made from. Locks hold versions and hashes for
every platform and Python that the project supports, and no index: the installer's own configuration decides on that.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
LOCKS = ROOT / "requirements"
DEV = LOCKS / "dev.lock"
TESTED = ["--constraints", str(DEV.relative_to(ROOT))]
"""Everything else is held to the versions of `dev`, so that what is tested is what runs."""
ELSEWHERE = ["kafka", "arango", "tracing"]
TARGETS = {
    "observer": ["observer", "kafka", "tracing"],  # it has no store
    "processor": ["processor", *ELSEWHERE],
    "scoring": ["scoring", *ELSEWHERE],
    "admin-api": ["admin-api", *ELSEWHERE],
    "embedded": ["embedded", "tracing"],
    "all": ["embedded", *ELSEWHERE],
}
"""The extras that each target of the Dockerfile installs."""


def _extras(names: list[str]) -> list[str]:
    return [word for name in names for word in ("--extra", name)]


# What each lock covers: the arguments of `uv pip compile`.
SELECTIONS = {
    DEV: ["pyproject.toml", "--all-extras", "--group", "dev"],
    LOCKS / "run.lock": ["pyproject.toml", "--all-extras", "--group", "build", *TESTED],
    LOCKS / "build.lock": ["--group", "build", *TESTED],
    **{LOCKS / f"{name}.lock": ["pyproject.toml", *_extras(extras), *TESTED] for name, extras in TARGETS.items()},
    LOCKS / "scan.lock": ["--group", "scan", "--python-version", "3.11"],
}
FLAGS = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-package", "leadflow"]


def fingerprint() -> str:
    """SHA-256 of everything in pyproject.toml that a resolution depends on."""
    content = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    project = content["project"]
    inputs = [
        content["build-system"],
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
        content["dependency-groups"],
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def header() -> str:
    """Return the first line of a lock."""
    return f"# made by `make lock` from pyproject.toml with the dependencies {fingerprint()}\n"


def write() -> None:
    """Resolve the locks; needs uv and the network."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        sys.exit("make lock needs uv: install it with `.venv/bin/pip install uv`, then run `make lock` again")
    for lock, selection in SELECTIONS.items():
        lock.parent.mkdir(exist_ok=True)
        command = [uv, "pip", "compile", *selection, *FLAGS, "--quiet", "-o", str(lock)]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own arguments, no shell
        lock.write_text(header() + lock.read_text(encoding="utf-8"), encoding="utf-8")


def check() -> None:
    """Exit with a sentence unless every lock was made from the dependencies as they stand."""
    for lock in SELECTIONS:
        with lock.open(encoding="utf-8") as lines:
            if next(lines, "") != header():
                sys.exit(f"{lock.relative_to(ROOT)} is older than the dependencies in pyproject.toml: run `make lock`")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]]()
