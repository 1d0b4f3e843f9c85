"""`python -m tools.dashboards`: write Grafana's dashboards into the chart; with `--check`, only compare."""

import argparse
import sys

from tools.dashboards.files import differing, write


def main() -> int:
    """Exit code 1 when a file is not what the code makes."""
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        write()
    elif found := differing():
        print(f"not as tools/dashboards makes them: {', '.join(found)}; run `make docs`")
        return 1
    print("the dashboards are current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
