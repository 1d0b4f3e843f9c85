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
DEV = ROOT / "requirements" / "dev.lock"
RUN = ROOT / "requirements" / "run.lock"
SCAN = ROOT / "requirements" / "scan.lock"
# What each lock covers. `run` is held to the versions of `dev`, so that what is tested is what runs.
SELECTIONS = {
    DEV: ["pyproject.toml", "--all-extras", "--group", "dev"],
    RUN: ["pyproject.toml", "--all-extras", "--group", "build", "--constraints", str(DEV.relative_to(ROOT))],
    SCAN: ["--group", "scan", "--python-version", "3.11"],
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
        command = [uv, "pip", "compile", *FLAGS, *selection, "--quiet", "-o", str(lock)]
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
