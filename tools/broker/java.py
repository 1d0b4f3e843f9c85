"""How Kafka's programs are started."""

from collections.abc import Sequence

from tools.broker.jars import HERE, LIBS, class_path

ARCHIVE = LIBS / "classes.jsa"
"""The classes of a node, read and checked once: see `archive`. A JVM that cannot use it starts as without it."""

# Started in seconds: no second compiler, no threads of a parallel collector.
_FLAGS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-Xlog:cds*=off"]
_LOGGING = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"


def java(program: str, *arguments: str, heap_mb: int, flags: Sequence[str] = ()) -> list[str]:
    """Return the command line of a class with a `main`. `flags` are for the JVM."""
    classes = class_path()
    shared = [f"-XX:SharedArchiveFile={ARCHIVE}"] if ARCHIVE.exists() and not flags else []
    heap = ["-Xms64m", f"-Xmx{heap_mb}m"]
    return ["java", *_FLAGS, *shared, *flags, _LOGGING, *heap, "-cp", classes, program, *arguments]
