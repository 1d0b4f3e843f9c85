"""k8s/ is the chart, rendered: the golden files of every tier, and what people without Helm apply."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from chart.once_per_key import OncePerKey
from chart.render import Json
from chart.schemas import VERSIONS, problems
from tools import manifests

FOLDERS = [path.parent for path in sorted(manifests.FOLDER.rglob("kustomization.yaml"))]
KUBECTL = shutil.which("kubectl")


def documents(text: str) -> list[Json]:
    """Read the objects of a file."""
    return [one for one in yaml.load_all(text, OncePerKey) if one]


def test_they_are_what_the_chart_renders() -> None:
    """No file is another, none is missing, none is left over: a change of the chart shows in them."""
    assert {path: path.read_text(encoding="utf-8") for path in manifests.made()} == manifests.wanted()


def test_every_tier_is_there() -> None:
    """Each that the chart has, and the embedded mode."""
    assert set(manifests.installations()) == {
        folder.name for folder in manifests.FOLDER.iterdir() if folder.is_dir()
    } - {manifests.EXAMPLE.name}


def test_nothing_of_helm_is_left() -> None:
    """What is applied without Helm does not say that Helm manages it, and holds no hook that nobody would run."""
    for path in manifests.made():
        for one in documents(path.read_text(encoding="utf-8")):
            assert "helm.sh/" not in str(one), path
            assert "Helm" not in str(one), path
            if "metadata" in one:
                assert problems(one, VERSIONS[-1]) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(manifests.FOLDER)))
def test_a_folder_lists_its_files(folder: Path) -> None:
    """Kustomize applies all of them, and each overlay patches what is there."""
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert all((folder / name).exists() for name in listed)
    if not folder.is_relative_to(manifests.EXAMPLE):
        assert set(listed) == {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(manifests.FOLDER)))
def test_kustomize_builds_it(folder: Path) -> None:
    """The real `kubectl kustomize` takes each folder, and what the example asks for arrives."""
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        [str(KUBECTL), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert documents(done.stdout)
    if folder.is_relative_to(manifests.EXAMPLE):
        assert "arangodb.databases.svc:8529" in done.stdout
        assert "image: registry.example/leadflow:0.1.0" in done.stdout
        assert "image: leadflow:" not in done.stdout
