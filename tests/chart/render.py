"""The chart as the real helm renders it, each combination once."""

import functools
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from chart.once_per_key import OncePerKey
from chart.shared import RENDERED

Json = dict[str, Any]

CHART = Path(__file__).parents[2] / "helm" / "leadflow"
HELM = Path(sys.executable).with_name("helm")
_PATIENCE_S = 60


class RefusedError(Exception):
    """Helm would not render: its words."""


@dataclass(frozen=True)
class Case:
    """One way to install: overlays of the chart in their order, further values as JSON, and the name of the release."""

    name: str
    overlays: tuple[str, ...] = ()
    values: str = "{}"
    release: str = "leadflow"

    def __str__(self) -> str:
        """Return how pytest names it."""
        return self.name

    @property
    def given(self) -> Json:
        """The values that stand over those of the chart."""
        loaded: Json = json.loads(self.values)
        return loaded

    def having(self, name: str, values: Json, release: str = "leadflow") -> "Case":
        """Return this case with further values, which stand over those that it has."""
        return Case(name, self.overlays, json.dumps(merged(self.given, values)), release)


def merged(under: Json, over: Json) -> Json:
    """Merge as Helm merges values: maps key by key, anything else is replaced."""
    together = dict(under)
    for key, value in over.items():
        mine = together.get(key)
        together[key] = merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return together


@functools.cache
def text(case: Case) -> str:
    """Return the rendered YAML. RefusedError with Helm's words when there is none."""
    arguments = ("template", case.release, str(CHART), "--namespace", "leadflow", *_values(case))
    return RENDERED.text(repr(case), lambda: helm(*arguments, given=case.values))


@functools.cache
def objects(case: Case) -> tuple[Json, ...]:
    """Return the rendered objects. They are shared: do not change them."""
    return tuple(found for found in yaml.load_all(text(case), OncePerKey) if found)


def lint(case: Case) -> str:
    """Return what `helm lint --strict` says. RefusedError when it finds anything."""
    return helm("lint", "--strict", str(CHART), *_values(case), given=case.values)


def helm(*arguments: str, given: str = "") -> str:
    """Run helm; RefusedError with its words when it fails."""
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        [HELM, *arguments], input=given, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    if done.returncode:
        raise RefusedError(done.stdout + done.stderr)
    return done.stdout


def _values(case: Case) -> list[str]:
    files = [str(CHART / overlay) for overlay in case.overlays]
    return [argument for file in [*files, "-"] for argument in ("--values", file)]
