"""A real API server takes all of it, in a dry run: where LEADFLOW_TEST_KUBE_CONTEXT names a context of kubectl.

The namespace `leadflow` has to be there; nothing is made. Kinds that the server does not know are left out.
"""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from chart.cases import ALL
from chart.render import Case, Json, objects
from tools import manifests

CONTEXT = os.environ.get("LEADFLOW_TEST_KUBE_CONTEXT")
TIERS = sorted(path.parent for path in manifests.made() if path.name == "kustomization.yaml")
_PATIENCE_S = 100

pytestmark = pytest.mark.skipif(not CONTEXT, reason="LEADFLOW_TEST_KUBE_CONTEXT names no cluster to ask")


def kubectl(*arguments: str, given: str | None = None) -> str:
    """Ask the cluster; AssertionError with its words when it refuses."""
    program = shutil.which("kubectl")
    assert program, "LEADFLOW_TEST_KUBE_CONTEXT is set, but there is no kubectl"
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        [program, "--context", str(CONTEXT), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.cache
def served() -> frozenset[tuple[str, str]]:
    """Return (apiVersion, kind) of all that the server knows."""
    lines = [line.split() for line in kubectl("api-resources", "--no-headers").splitlines()]
    return frozenset((words[-3], words[-1]) for words in lines)


def taken(*arguments: str, given: str | None = None) -> int:
    """Return how many objects a dry run of the server took."""
    answer = kubectl("apply", "--dry-run=server", "--validate=strict", "--warnings-as-errors", *arguments, given=given)
    return len([line for line in answer.splitlines() if line.endswith("(server dry run)")])


@pytest.mark.parametrize("folder", TIERS, ids=lambda folder: str(folder.relative_to(manifests.FOLDER)))
def test_a_server_takes_the_manifests(folder: Path) -> None:
    """Every object of k8s/, with admission and defaults; a field that it does not know is refused."""
    assert taken("-k", str(folder)) == kubectl("kustomize", str(folder)).count("\nkind: ")


@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_server_takes_every_feature(case: Case) -> None:
    """Every object of each combination whose kind the server knows."""
    known: list[Json] = [one for one in objects(case) if (one["apiVersion"], one["kind"]) in served()]
    listed = {"apiVersion": "v1", "kind": "List", "items": known}
    assert taken("-f", "-", given=json.dumps(listed)) == len(known) > 0
