"""Mounts in a namespace of our own: they end with the process, and nobody else sees them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_INSIDE = "LEADFLOW_IMAGE_NAMESPACE"


def enter_namespace() -> None:
    """Start this program anew in a mount namespace, unless it is in one already."""
    if _INSIDE in os.environ:
        return
    unshare = shutil.which("unshare") or sys.exit("needs unshare, of util-linux")
    again = [unshare, "--mount", "--propagation", "private", sys.executable, "-m", "tools.image", *sys.argv[1:]]
    os.execve(unshare, again, {**os.environ, _INSIDE: "1"})  # noqa: S606 - our own arguments, no shell


def overlay(at: Path, lower: Sequence[Path], upper: Path | None) -> None:
    """Lay folders over one another, the first one on top; changes go to `upper`, and without one there can be none."""
    at.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={':'.join(map(str, lower))}"
    if upper is not None:
        work = upper.with_name(upper.name + ".work")
        upper.mkdir(parents=True)
        work.mkdir()
        options += f",upperdir={upper},workdir={work}"
    _mount("-t", "overlay", "overlay", "-o", options, str(at))


def system(root: Path) -> None:
    """Give a root what a container has: /dev, /proc, and a /tmp that is gone afterwards."""
    _mount("--rbind", "/dev", str(root / "dev"))
    _mount("-t", "proc", "proc", str(root / "proc"))
    memory(root / "tmp")


def memory(at: Path, options: str = "mode=1777") -> None:
    """Lay a folder in memory over another."""
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(at))


def bind(source: Path, at: Path) -> None:
    """Show a file or folder in another place."""
    _mount("--bind", str(source), str(at))


def unmount(at: Path) -> None:
    """Take away whatever is mounted at a place and below."""
    subprocess.run(["umount", "--recursive", "--lazy", str(at)], check=True)  # noqa: S603, S607 - our own arguments


def inside(root: Path, user: str, command: Sequence[str]) -> list[str]:
    """What runs a command in a root as a user (`uid:gid`), by the PATH of its environment."""
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin") or sys.exit("needs chroot, of coreutils")
    return [chroot, f"--userspec={user}", str(root), *command]


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)  # noqa: S603, S607 - our own arguments
