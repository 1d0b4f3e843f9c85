"""`python -m tools.prometheus HOST:PORT…`: scrape running services, with the chart's rules, until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tools.prometheus.programs import missing_programs, program
from tools.prometheus.rules import RULES
from tools.prometheus.server import NotReady, running


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.prometheus", description=__doc__)
    parser.add_argument("targets", nargs="*", default=["127.0.0.1:8080"], metavar="HOST:PORT", help="who to scrape")
    parser.add_argument("--port", type=int, default=9090, help="9090 by default")
    parser.add_argument("--data", type=Path, help="kept over restarts; a temporary folder by default")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between scrapes; 5 by default")
    parser.add_argument("--fetch", action="store_true", help="only fetch what running needs")
    given = parser.parse_args()
    if missing := missing_programs():
        sys.stderr.write(f"there has to be {', '.join(missing)}\n")
        return 2
    if given.fetch:
        program("prometheus")
        return 0
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    rules = sorted(RULES.glob("*.yaml"))
    try:
        with running(
            {"leadflow": given.targets}, rules=rules, every=given.every, port=given.port, data=given.data
        ) as server:
            print(f"Prometheus scrapes {', '.join(given.targets)}: {server.url}. Ctrl-C ends it.", flush=True)
            ended.wait()
    except NotReady as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
