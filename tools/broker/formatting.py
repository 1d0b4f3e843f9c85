"""Formatting: what every node's folder needs once, before its first start."""

import base64
import subprocess
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.broker.java import java

_FORMAT_SECONDS = 60
_HEAP_MB = 64


def format_nodes(folder: Path, homes: Sequence[Path], arguments: Sequence[str]) -> None:
    """Format the folders that are not; all get the cluster id that is kept in `folder`, and the same users."""
    name = folder / "cluster-id"
    if not name.exists():
        name.write_text(_new_cluster_id(), encoding="utf-8")
    given = ["format", "-t", name.read_text(encoding="utf-8"), *arguments]
    new = [home for home in homes if not (home / "log" / "meta.properties").exists()]
    with ThreadPoolExecutor(len(homes)) as formatting:
        list(formatting.map(lambda home: _format(home, given), new))


def _new_cluster_id() -> str:
    """Return a random UUID in Kafka's form: base64 without padding, and no dash first, which would be an option."""
    return "L" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def _format(home: Path, arguments: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        java("kafka.tools.StorageTool", *arguments, "-c", str(home / "server.properties"), heap_mb=_HEAP_MB),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_FORMAT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Kafka could not format {home}:\n{done.stdout}{done.stderr}")
