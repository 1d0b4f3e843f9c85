"""What stands in for the base image: Debian's smallest system with its Python, arranged as in the image."""

import shutil
import subprocess
import sys
from pathlib import Path

SUITE = "bookworm"  # that of the base image
_PACKAGES = "python3.11,python3.11-venv,ca-certificates"


def stand_in(folder: Path, mirror: str | None) -> Path:
    """Make it, unless it is there: Python and pip below /usr/local, as in the image. `mirror`: None takes apt's."""
    done = folder / ".leadflow-made"
    if done.exists():
        return folder
    program = shutil.which("debootstrap") or sys.exit("needs debootstrap (Debian, Ubuntu: apt-get install debootstrap)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make = [program, "--variant=minbase", f"--include={_PACKAGES}", SUITE, str(folder), mirror or _mirror()]
    for command in (make, ["chroot", str(folder), "python3.11", "-m", "venv", "--copies", "/usr/local"]):
        subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - our own arguments
    for archive in (folder / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    done.touch()
    return folder


def _mirror() -> str:
    """Return the mirror that this machine's apt takes the suite from."""
    ask = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"]
    found = subprocess.run(ask, check=False, capture_output=True, text=True).stdout  # noqa: S603 - our own arguments
    sites = [line.split()[0] for line in found.splitlines() if line.endswith(f" {SUITE}")]
    return sites[0] if sites else sys.exit(f"apt knows no mirror of {SUITE} here: name one with --mirror")
