"""Commands of the program that run to their end."""

import os
import subprocess
from pathlib import Path

from e2e.server import PROGRAM


def leadflow(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, with these settings alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
    return subprocess.run(  # noqa: S603  the program under test
        [PROGRAM, *arguments],
        env={**environment, "LEADFLOW_STORE": f"sqlite:///{folder / 'store.db'}", **settings},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
