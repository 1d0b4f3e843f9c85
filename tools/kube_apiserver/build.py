"""The API server, built once from Go modules at the versions that go.mod pins."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = HERE / "bin" / "kube-apiserver"


def missing_programs() -> list[str]:
    """Return what has to be installed first; nothing when all is there."""
    wanted = {
        "go": "Go 1.24 or newer",
        "etcd": "etcd (Debian: etcd-server)",
        "kubectl": "kubectl",
        "openssl": "OpenSSL",
    }
    return [name for program, name in wanted.items() if shutil.which(program) is None]


def built() -> Path:
    """Return the binary, after building it where go.mod is newer: minutes of two cores, and 2 GB of Go's caches.

    CalledProcessError when it cannot be built; Go has said why.
    """
    if not BINARY.exists() or BINARY.stat().st_mtime < (HERE / "go.mod").stat().st_mtime:
        command = ["nice", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(BINARY), "."]
        subprocess.run(command, cwd=HERE, check=True)  # noqa: S603  our own arguments, no shell
    return BINARY
