"""How Kafka's programs are started."""

from tools.broker.jars import HERE, class_path

# Started in seconds: no second compiler, no threads of a parallel collector.
_FLAGS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]
_LOGGING = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"


def java(program: str, *arguments: str, heap_mb: int) -> list[str]:
    """Return the command line of a class with a `main`."""
    return ["java", *_FLAGS, _LOGGING, "-Xms64m", f"-Xmx{heap_mb}m", "-cp", class_path(), program, *arguments]
