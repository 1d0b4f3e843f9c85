"""The chart as plain manifests: `python tools/manifests.py write` renders k8s/, `check` says whether it is current.

One folder for each installation, one file for each component, and beside them, in `init/`, the job that comes first.
What only Helm understands is taken out.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "helm" / "leadflow"
FOLDER = ROOT / "k8s"
EXAMPLE = FOLDER / "example"
NAME = "leadflow"
# What has to be there; an overlay of kustomize names other places (k8s/README.md).
GIVEN: Json = {
    "secrets": {"existingSecret": "leadflow-secrets"},
    "kafka": {"brokers": ["kafka:9092"]},
    "arangodb": {"endpoints": ["arangodb:8529"]},
}
_HELM = Path(sys.executable).with_name("helm")
_SOURCE = re.compile(r"# Source: leadflow/templates/([a-z-]+)")
_MADE = "# Made by `make manifests` from helm/leadflow: change that, or write an overlay of kustomize.\n"
_HEAD = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


def installations() -> dict[str, tuple[list[str], Json]]:
    """Return {folder: (overlays of the chart, what is given)}: embedded, and every tier."""
    tiers = sorted(path.name for path in CHART.glob("tier-*.yaml"))
    return {"embedded": ([], {})} | {Path(tier).stem: (["distributed.yaml", tier], GIVEN) for tier in tiers}


def wanted() -> dict[Path, str]:
    """Return {file: content} of all that is made."""
    files: dict[Path, str] = {}
    for name, (overlays, given) in installations().items():
        parts: dict[Path, list[Json]] = {}
        for component, one in rendered(overlays, given):
            parts.setdefault(_place(FOLDER / name, component, one), []).append(plain(one))
        for folder in {path.parent for path in parts}:
            resources = sorted(path.name for path in parts if path.parent == folder)
            files[folder / "kustomization.yaml"] = _MADE + _text(_HEAD | {"namespace": NAME, "resources": resources})
        files |= {path: _MADE + "---\n".join(map(_text, found)) for path, found in parts.items()}
    return files


def rendered(overlays: list[str], given: Json) -> Iterator[tuple[str, Json]]:
    """Yield (component, object) of all that would be installed: not the pods of `helm test`."""
    command = [str(_HELM), "template", NAME, str(CHART), "--namespace", NAME, "--skip-tests"]
    command += [argument for overlay in overlays for argument in ("--values", str(CHART / overlay))]
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [*command, "--values", "-"], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"helm cannot render {' '.join(overlays) or 'the chart'}:\n{done.stderr}")
    for document in done.stdout.split("\n---\n"):
        one = yaml.safe_load(document)
        source = _SOURCE.search(document)
        if one and source:
            yield source[1], one


def plain(one: Json) -> Json:
    """Return an object without what only Helm understands."""
    metadata = dict(one["metadata"])
    labels = {key: value for key, value in metadata["labels"].items() if not key.startswith("helm.sh/")}
    metadata["labels"] = labels | {"app.kubernetes.io/managed-by": "kustomize"}
    kept = {key: text for key, text in metadata.pop("annotations", {}).items() if not key.startswith("helm.sh/")}
    together = {**one, "metadata": metadata | ({"annotations": kept} if kept else {})}
    template = one.get("spec", {}).get("template")
    return {**together, "spec": one["spec"] | {"template": plain(template)}} if template else together


def _place(folder: Path, component: str, one: Json) -> Path:
    hook = "helm.sh/hook" in one["metadata"].get("annotations", {})
    return (folder / component if hook else folder) / f"{component}.yaml"


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)


def _text(one: Json) -> str:
    return str(yaml.dump(one, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True))


def made() -> set[Path]:
    """Return the files that stand there and that nobody writes by hand."""
    return {path for path in FOLDER.glob("*/**/*") if path.is_file() and not path.is_relative_to(EXAMPLE)}


def write() -> None:
    """Render everything anew."""
    for path in made():
        path.unlink()
    for path, content in wanted().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def check() -> None:
    """Exit with a sentence unless k8s/ is what the chart renders."""
    right = wanted()
    differing = made() ^ right.keys()
    differing |= {path for path in made() & right.keys() if path.read_text(encoding="utf-8") != right[path]}
    if differing:
        names = ", ".join(sorted(str(path.relative_to(ROOT)) for path in differing))
        sys.exit(f"{names}: not what helm/leadflow renders: run `make manifests`")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]]()
