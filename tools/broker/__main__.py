"""`python -m tools.broker`: run Kafka until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tools.broker.archive import archive_classes
from tools.broker.cluster import running
from tools.broker.jars import class_path, missing_programs
from tools.broker.node import NotReady


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.broker", description=__doc__)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="1 by default")
    parser.add_argument("--port", type=int, default=9092, help="the first node's, the others follow; 9092 by default")
    parser.add_argument("--data", type=Path, help="kept over restarts; a temporary folder by default")
    parser.add_argument("--fetch", action="store_true", help="only fetch what running needs, and make its start short")
    given = parser.parse_args()
    if missing := missing_programs():
        sys.stderr.write(f"a Kafka broker needs {', '.join(missing)}\n")
        return 2
    if given.fetch:
        class_path()
        archive_classes()
        return 0
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with running(given.nodes, port=given.port, data=given.data) as cluster:
            print(f"Kafka runs: export LEADFLOW_LOG={cluster.url}, then `leadflow init`. Ctrl-C ends it.", flush=True)
            ended.wait()
    except NotReady as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
