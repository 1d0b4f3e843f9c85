"""Half of what a node does until it serves is to read and check its classes: done once, and kept beside the jars."""

from pathlib import Path

from tools.broker.cluster import running
from tools.broker.java import ARCHIVE


def archive_classes() -> None:
    """Keep the classes that a node loads, unless they are kept: a second of CPU less for each start. Takes seconds."""
    if ARCHIVE.exists():
        return
    unfinished = Path(f"{ARCHIVE}.new")
    with running(flags=[f"-XX:ArchiveClassesAtExit={unfinished}"]) as cluster:
        cluster.nodes[0].stop()  # it writes them as it ends
    if unfinished.exists():  # not every JVM can
        unfinished.replace(ARCHIVE)
