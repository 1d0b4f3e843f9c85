"""Kafka's jars, fetched once by Maven into a folder that git ignores, at the versions that pom.xml pins."""

import fcntl
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
LIBS = HERE / "libs"
_FETCHED = LIBS / ".fetched"
_LOCK = HERE / ".fetching"
_FETCH_SECONDS = 300
_COMMAND = ["mvn", "-q", "-B", "-C", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies"]
_COMMAND += ["-DincludeScope=runtime", f"-DoutputDirectory={LIBS}"]


def missing_programs() -> list[str]:
    """Return what has to be installed before a broker can run here; nothing when all is there."""
    wanted = {"java": "Java 17 or newer", "mvn": "Maven", "openssl": "OpenSSL"}
    return [name for program, name in wanted.items() if shutil.which(program) is None]


def class_path() -> str:
    """Return the class path of Kafka, after fetching what is not there yet.

    Several processes may ask at once: one fetches, the others wait. RuntimeError with Maven's words when it cannot.
    """
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _FETCHED.exists() or _FETCHED.stat().st_mtime < POM.stat().st_mtime:
            _fetch()
    return f"{LIBS}/*"


def _fetch() -> None:
    shutil.rmtree(LIBS, ignore_errors=True)
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        _COMMAND, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"Maven could not fetch Kafka:\n{done.stdout}{done.stderr}")
    _FETCHED.touch()
