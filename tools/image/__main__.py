"""`python -m tools.image`: carry the Dockerfile out in folders and try each target (as root; see the package)."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from tools.image.build import Builder
from tools.image.checks import check
from tools.image.container import NotSo, mounted
from tools.image.dockerfile import parse
from tools.image.mounts import enter_namespace
from tools.image.stand_in import stand_in

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("observer", "processor", "scoring", "admin-api", "embedded", "all")


def main() -> int:
    """Build and check what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__)
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may be repeated")
    parser.add_argument("--work", type=Path, default=ROOT / "data" / "image", help="where to; data/image by default")
    parser.add_argument("--mirror", help="Debian's mirror; that of apt by default")
    given = parser.parse_args()
    if os.geteuid():
        print("needs root: it mounts, and starts services as another user", file=sys.stderr)
        return 2
    enter_namespace()
    work = given.work.resolve()
    base = stand_in(work / "base", given.mirror)
    for folder in ("layers", "root", "run"):
        shutil.rmtree(work / folder, ignore_errors=True)
    dockerfile = parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    builder = Builder(dockerfile, ROOT, work, base)
    for name in given.target or TARGETS:
        built = builder.build(name)
        print(name)
        with mounted(name, built, work) as container:
            try:
                for sentence in check(name, dockerfile, container):
                    print(f"  {sentence}", flush=True)
            except NotSo as error:
                print(f"  NOT SO: {error}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
