"""House rules for every tracked text file: no package registry's host, no path of one machine, nothing left to do."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Written so that this file does not break its own rules.
RULES = {
    "names a package registry's host": re.compile(
        r"py[p]i\.org|pythonhoste[d]|registry\.npm[j]s|npm[j]s\.org|repo1\.mave[n]|proxy\.golan[g]|static\.crate[s]"
    ),
    "holds a path of one machine": re.compile(r"""(^|[\s"'=(:])/(wor[k]|far[m]|roo[t]|hom[e]/[a-z]+)/"""),
    "leaves something to do": re.compile(r"\b(TO[D]O|FIX[M]E|NotImplementedErro[r])\b"),
}
LARGEST = 2_000_000


def tracked() -> list[Path]:
    """Return the files that git tracks."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    return [ROOT / name for name in names.stdout.split("\0") if name]


def findings(path: Path) -> list[str]:
    """Return every broken rule of one file, as `path:line what`."""
    if not path.is_file() or path.stat().st_size > LARGEST:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    place = path.relative_to(ROOT)
    return [
        f"{place}:{number} {what}"
        for number, line in enumerate(lines, 1)
        for what, rule in RULES.items()
        if rule.search(line)
    ]


if __name__ == "__main__":
    found = [finding for path in tracked() for finding in findings(path)]
    print("\n".join(found) or "house rules hold")
    sys.exit(1 if found else 0)
