"""Write the schemas: `python -m tools.crds`, or compare them with `--check` (needs Go, Maven, Java 21, the network)."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.crds.sources import SOURCES
from tools.crds.structural import resources

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "chart" / "crds"


def files() -> Iterator[tuple[Path, str]]:
    """Yield (file, content): one schema a file, its source in `$comment`."""
    for source in SOURCES:
        for definition in source.definitions():
            for version, kind, schema in resources(definition):
                path = FOLDER / f"{version.replace('/', '_')}_{kind}.json".lower()
                told = {"$comment": f"{version} {kind}, made by `python -m tools.crds` from {source}"}
                yield path, json.dumps(told | schema, separators=(",", ":"), sort_keys=True) + "\n"


def main() -> int:
    """Write or compare; 1 when a file differs."""
    parser = argparse.ArgumentParser(prog="python -m tools.crds", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file differs")
    check = parser.parse_args().check
    differing = 0
    for path, content in files():
        if check and (not path.exists() or path.read_text(encoding="utf-8") != content):
            print(f"{path.name} differs")
            differing += 1
        elif not check:
            path.write_text(content, encoding="utf-8")
            print(f"{path.name} {len(content)} bytes")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
