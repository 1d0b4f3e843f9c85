"""What the figures were measured on. Nothing that names a place or a person."""

import os
import platform
import sqlite3
import subprocess
from pathlib import Path


def describe() -> dict[str, str | int | float]:
    """Return processor, memory, versions and how busy the machine was when it started."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": round(os.getloadavg()[0], 1),
    }


def commit() -> str:
    """Return the commit that was measured, with `+` when files differ from it."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return name + ("+" if _git("status", "--porcelain", "--untracked-files=no", "--", "src", "services") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(  # noqa: S603  fixed arguments
        ["git", *arguments],  # noqa: S607  the git on the path is the developer's
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
