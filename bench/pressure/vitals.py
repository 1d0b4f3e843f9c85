"""What a process holds: memory, descriptors, and the sizes of its files. Reads /proc, so Linux only."""

import os
from pathlib import Path

import msgspec

_MB = 1024 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat behind the name: utime, stime


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """One look: megabytes, open descriptors, threads."""

    rss_mb: float
    descriptors: int
    threads: int
    wal_mb: float
    files_mb: float


def look(pid: int, folder: Path) -> Vitals:
    """Look at a process and at the folder of its data."""
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        if ":" in line
    )
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.db*")}
    return Vitals(
        rss_mb=round(int(status["VmRSS"].split()[0]) / 1024, 1),
        descriptors=sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
        threads=int(status["Threads"]),
        wal_mb=round(sum(size for name, size in sizes.items() if name.endswith("-wal")) / _MB, 1),
        files_mb=round(sum(sizes.values()) / _MB, 1),
    )


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, all threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
