"""The programs `prometheus` and `promtool`: those on the path, else from Debian's package in a folder git ignores.

The package is unpacked, not installed: nothing of the system changes, and no other rights are needed.
"""

import fcntl
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNPACKED = HERE / "unpacked"
_LOCK = HERE / ".fetching"
_NAMES = ("prometheus", "promtool")
_SECONDS = 300


def missing_programs() -> list[str]:
    """Return what has to be installed before a Prometheus can run here; nothing when all is there."""
    if _found() is not None or all(shutil.which(name) for name in ("apt-get", "dpkg-deb")):
        return []
    return ["Prometheus (or apt-get and dpkg-deb, to fetch Debian's)"]


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`, after fetching them if they are not there yet.

    Several processes may ask at once: one fetches, the others wait. RuntimeError with apt's words when it cannot.
    """
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = _found()
        if folder is None:
            folder = _fetched()
    return str(folder / name)


def promtool(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end."""
    return _run(program("promtool"), *arguments, cwd=cwd)


def _found() -> Path | None:
    """Return the folder that holds both programs."""
    on_path = [shutil.which(name) for name in _NAMES]
    if all(on_path) and len(folders := {Path(str(path)).parent for path in on_path}) == 1:
        return folders.pop()
    unpacked = UNPACKED / "usr" / "bin"
    return unpacked if all((unpacked / name).exists() for name in _NAMES) else None


def _fetched() -> Path:
    """Fetch and unpack the package; where the lists of packages are missing or old, with lists of our own."""
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir()
    own = [f"Dir::State={UNPACKED}/state", f"Dir::Cache={UNPACKED}/cache", "APT::Sandbox::User="]
    options = [part for option in own for part in ("-o", option)]
    download = ["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", "prometheus"]
    done = _run(*download, cwd=UNPACKED)
    if done.returncode:
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (UNPACKED / folder).mkdir(parents=True)
        done = _run("apt-get", "-q", *options, "update", cwd=UNPACKED)
        if not done.returncode:
            done = _run("apt-get", "-q", *options, "download", "prometheus", cwd=UNPACKED)
    packages = sorted(UNPACKED.glob("prometheus_*.deb"))
    if done.returncode or not packages:
        raise RuntimeError(f"Debian's package prometheus could not be fetched:\n{done.stdout}{done.stderr}")
    done = _run("dpkg-deb", "-x", str(packages[0]), str(UNPACKED))
    if done.returncode:
        raise RuntimeError(f"{packages[0].name} could not be unpacked:\n{done.stderr}")
    packages[0].unlink()
    for folder in ("state", "cache"):
        shutil.rmtree(UNPACKED / folder, ignore_errors=True)
    return UNPACKED / "usr" / "bin"


def _run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own arguments, no shell
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=cwd
    )
