"""Every alert, provoked for real: `python -m alerts`; `--scene alone --deed the_disk_is_full` for a part of it."""

# ruff: noqa: T201 - it speaks to whoever runs it

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from alerts.panels import unanswered_on_kafka
from alerts.scenes import SCENES, table


def main() -> int:
    """Exit code 1 when an alert did not come; the logs stay for a look."""
    parser = argparse.ArgumentParser(prog="alerts", description=__doc__)
    parser.add_argument("--scene", choices=SCENES, action="append", help="all by default")
    parser.add_argument("--deed", action="append", help="all of the scene by default")
    parser.add_argument("--factor", type=float, default=20.0, help="windows and waits of the rules are divided by it")
    parser.add_argument("--patience", type=float, default=240.0, help="seconds for the alerts of a deed")
    parser.add_argument("--list", action="store_true", help="only tell which deed provokes what")
    given = parser.parse_args()
    if given.list:
        print("\n".join(table()))
        return 0
    failures = 0
    for name in given.scene or SCENES:
        folder = Path(tempfile.mkdtemp(prefix=f"leadflow-alerts-{name}-"))
        with SCENES[name].on(folder, given.factor) as (scene, prometheus):
            if name == "apart":
                silent = unanswered_on_kafka(prometheus, scene.port)
                failures += bool(silent)
                print(f"{name}: queries of dashboards without an answer: {', '.join(silent) or 'none'}", flush=True)
            for deed in SCENES[name].deeds:
                if given.deed and deed.name not in given.deed:
                    continue
                began = time.monotonic()
                try:
                    deed.provoke(scene, prometheus, given.patience)
                    outcome = f"{', '.join(deed.alerts)} after {time.monotonic() - began:.0f} s"
                except AssertionError as error:
                    failures += 1
                    outcome = f"FAILED: {error}"
                print(f"{name}: {deed.name}: {outcome}", flush=True)
        if not failures:
            shutil.rmtree(folder)
    print(f"{failures} of it went wrong" if failures else "every deed provoked its alerts")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
