"""Start a real API server and let it take the whole chart in dry runs; `--serve` waits for your questions instead."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.crds.sources import SOURCES
from tools.kube_apiserver.build import missing_programs
from tools.kube_apiserver.running import CONTEXT, running

ROOT = Path(__file__).resolve().parents[2]
# Pods that the strictest of Kubernetes' own profiles would refuse are refused here.
NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": "leadflow",
        "labels": {f"pod-security.kubernetes.io/{what}": "restricted" for what in ("enforce", "warn")},
    },
}


def main() -> int:
    """Return what pytest returns, or 0 after serving; 2 where something has to be installed first."""
    parser = argparse.ArgumentParser(prog="python -m tools.kube_apiserver", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="print how to reach the server, and wait for Enter")
    serve = parser.parse_args().serve
    missing = missing_programs()
    if missing:
        print(f"install first: {', '.join(missing)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as kubeconfig:
        known = [definition for source in SOURCES for definition in source.definitions()]
        for one in (*known, NAMESPACE):
            _create(kubeconfig, one)
        environment = {"KUBECONFIG": str(kubeconfig), "LEADFLOW_TEST_KUBE_CONTEXT": CONTEXT}
        if serve:
            print("export", *(f"{name}={value}" for name, value in environment.items()))
            input("Enter ends it ")
            return 0
        tests = [sys.executable, "-m", "pytest", "-q", "tests/chart/test_cluster.py"]
        return subprocess.run(tests, cwd=ROOT, env=os.environ | environment, check=False).returncode  # noqa: S603


def _create(kubeconfig: Path, one: dict[str, object]) -> None:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "create", "-f", "-"]
    subprocess.run(command, input=json.dumps(one), text=True, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
