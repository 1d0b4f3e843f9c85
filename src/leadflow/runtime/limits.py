"""What this process may use of the machine, as its container, `ulimit` and the machine itself say it."""

import os
import resource
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_ONE_LOOP = 1.0  # core: a process works on one event loop; its writers wait for the disk more than they work


def memory_bytes(cgroup: Path = _CGROUP) -> float:
    """Return the least of the container's limit, `ulimit -m` and the machine's memory.

    Linux does not enforce `ulimit -m`; who sets it means it all the same. `cgroup`: the folder of version 2, or 1.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    soft, _ = resource.getrlimit(resource.RLIMIT_RSS)
    told = [_number(cgroup / name) for name in ("memory.max", "memory/memory.limit_in_bytes")]
    return min(machine, *(limit for limit in (soft, *told) if limit > 0), float("inf"))


def cpu_cores(cgroup: Path = _CGROUP) -> float:
    """Return how many cores this process can keep busy: one, or the part of one that its container allows."""
    quota, _, period = _text(cgroup / "cpu.max").partition(" ")
    if not (quota.isdigit() and period.isdigit()):
        quota, period = _text(cgroup / "cpu/cpu.cfs_quota_us"), _text(cgroup / "cpu/cpu.cfs_period_us")
    return min(_ONE_LOOP, int(quota) / int(period)) if quota.isdigit() and period.isdigit() else _ONE_LOOP


def _number(path: Path) -> int:
    """Return a number above 0, or 0 where the file is not there or says that there is no limit."""
    text = _text(path)
    return int(text) if text.isdigit() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
