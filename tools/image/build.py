"""Carry stages out: each has a folder of its changes, laid over those of the stage that it goes on from."""

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.image import mounts
from tools.image.dockerfile import Dockerfile, Instruction, Stage, filled

_BASE_ENV = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
# How this machine reaches its package index: nothing of it is left behind in a layer.
_NETWORK = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "http_proxy", "https_proxy", "no_proxy")
_IGNORED = shutil.ignore_patterns("__pycache__")  # as .dockerignore says

Ignore = Callable[[str, list[str]], set[str]]


@dataclass(slots=True)
class Built:
    """A stage as it has become: folders from the top to the base, and what containers are started with."""

    layers: list[Path]
    env: dict[str, str] = field(default_factory=lambda: dict(_BASE_ENV))
    workdir: str = "/"
    user: str = "0:0"
    arguments: dict[str, str] = field(default_factory=dict)


class Builder:
    """Builds each stage once. `context`: the folder that COPY copies from; `work`: where everything is put."""

    def __init__(self, dockerfile: Dockerfile, context: Path, work: Path, base: Path) -> None:
        """Nothing is built yet."""
        self._dockerfile = dockerfile
        self._context = context
        self._work = work
        self._base = base
        self._built: dict[str, Built] = {}

    def build(self, name: str) -> Built:
        """Build a stage, and before it what it goes on from."""
        if name not in self._built:
            self._built[name] = self._carried_out(self._dockerfile.stages[name])
        return self._built[name]

    def _carried_out(self, stage: Stage) -> Built:
        if stage.base in self._dockerfile.stages:
            parent = self.build(stage.base)
            built = Built(parent.layers, dict(parent.env), parent.workdir, parent.user)
        else:
            built = Built([self._base])
        for source in (step.flags["from"] for step in stage.steps if "from" in step.flags):
            self.build(source)
        print(f"--- {stage.name}", file=sys.stderr)
        root, upper = self._work / "root" / stage.name, self._work / "layers" / stage.name
        mounts.overlay(root, built.layers, upper)
        try:
            for step in stage.steps:
                self._do(step, built, root)
        finally:
            mounts.unmount(root)
        built.layers = [upper, *built.layers]
        return built

    def _do(self, step: Instruction, built: Built, root: Path) -> None:
        """Carry one instruction out."""
        match step.word:
            case "ENV":
                built.env |= {name: filled(value, built.env) for name, value in step.pairs().items()}
            case "ARG":
                built.arguments |= step.pairs()
            case "WORKDIR":
                built.workdir = str(Path(built.workdir) / step.rest)
                _inside(root, built.workdir).mkdir(parents=True, exist_ok=True)
            case "USER":
                built.user = step.rest
            case "COPY":
                self._copy(step, built, root)
            case "RUN":
                self._run(step, built, root)
            case "LABEL" | "EXPOSE" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
                return
            case _:
                raise ValueError(f"{step.word} is not known here: teach tools/image what it does")

    def _copy(self, step: Instruction, built: Built, root: Path) -> None:
        *sources, target = step.rest.split()
        goal = _inside(root, str(Path(built.workdir) / target))
        if "from" not in step.flags:
            given = [self._context / source for source in sources]
            _copy_all(given, goal, folder=target.endswith("/"), ignore=_IGNORED)
            return
        other = self._work / "root" / f"from-{step.flags['from']}"
        mounts.overlay(other, self.build(step.flags["from"]).layers, None)
        try:
            _copy_all([_inside(other, source) for source in sources], goal, folder=target.endswith("/"))
        finally:
            mounts.unmount(other)

    def _run(self, step: Instruction, built: Built, root: Path) -> None:
        """Run a line in the root, with the network's files and caches shown in it for so long."""
        system, cache = [root / "dev", root / "proc", root / "tmp"], step.flags.get("mount", "")
        mounts.system(root)
        for source, at in _network_files(root).items():
            mounts.bind(source, at)
            system.append(at)
        if cache:
            kept, at = self._work / "cache", _inside(root, cache.partition("target=")[2])
            kept.mkdir(exist_ok=True)
            at.mkdir(parents=True, exist_ok=True)
            mounts.bind(kept, at)
            system.append(at)
        line = f"cd {built.workdir} && {step.rest}"
        network = {name: os.environ[name] for name in _NETWORK if name in os.environ}
        env = {**network, "PIP_CERT": f"/{_CERTIFICATES}", **built.arguments, **built.env}
        try:
            command = mounts.inside(root, built.user, ["/bin/sh", "-c", line])
            subprocess.run(command, env=env, check=True, stdout=sys.stderr)  # noqa: S603 - what the Dockerfile says
        finally:
            for at in system:
                mounts.unmount(at)


def _network_files(root: Path) -> Mapping[Path, Path]:
    """{file of this machine: where it is shown}, where both are."""
    bundle = ssl.get_default_verify_paths().cafile or f"/{_CERTIFICATES}"
    pairs = {Path(bundle): root / _CERTIFICATES}
    pairs |= {Path("/") / name: root / name for name in ("etc/resolv.conf", "etc/hosts")}
    return {source: at for source, at in pairs.items() if source.exists() and at.exists()}


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _copy_all(sources: list[Path], goal: Path, *, folder: bool, ignore: Ignore | None = None) -> None:
    """Copy as COPY does: what is in a folder, or files; `folder`: the goal is one even for a single file."""
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, goal, symlinks=True, dirs_exist_ok=True, ignore=ignore)
            continue
        at = goal / source.name if folder else goal
        at.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, at)
