"""The services as processes of their own over a broker, seen as one pipeline."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tools.broker import Cluster

from bench.pressure.instance import PROGRAM, Instance, environment, settle, started
from bench.pressure.vitals import cpu_seconds

_WORKERS = ("processor", "scoring")
_INIT_SECONDS = 60


class Services:
    """An observer, an admin API, processors and scorers by the names of their commands; the broker is theirs, too."""

    def __init__(self, instances: Sequence[tuple[str, Instance]], cluster: Cluster) -> None:
        ports = {name: instance.port for name, instance in instances}
        self.port, self.stream_port = ports["observer"], ports["admin-api"]
        self._instances = instances
        self._cluster = cluster

    def cpu_by_name(self) -> dict[str, float]:
        """Return the CPU seconds that each tier has used, and the broker."""
        used = {"broker": sum(cpu_seconds(node.pid) for node in self._cluster.nodes)}
        for name, instance in self._instances:
            used[name] = used.get(name, 0.0) + instance.cpu()
        return used

    def metrics(self) -> str:
        """Return what all services say of themselves, one after the other."""
        return "\n".join(instance.ask("/metrics")[1] for _, instance in self._instances)

    def memory_by_name(self) -> dict[str, float]:
        """Return the resident megabytes of each service's largest process."""
        return {
            name: max(one.vitals().rss_mb for other, one in self._instances if other == name) for name in self._names
        }

    @property
    def _names(self) -> list[str]:
        return sorted({name for name, _ in self._instances})

    def cpu(self) -> float:
        """Return the CPU seconds that all of them have used."""
        return sum(self.cpu_by_name().values())

    def settle(self, seconds: float) -> float:
        """Wait until nothing waits any more: see `bench.pressure.instance.settle`."""
        return settle([instance for name, instance in self._instances if name in _WORKERS], seconds)


@contextmanager
def services(folder: Path, cluster: Cluster, *, workers: int) -> Iterator[Services]:
    """Make topics and run so many workers a tier over the store in `folder`. RuntimeError where one does not run."""
    settings = {"LEADFLOW_LOG": cluster.url, "LEADFLOW_TOPIC_PREFIX": f"{folder.name}."}
    subprocess.run(  # noqa: S603  the program that is measured
        [PROGRAM, "init", "--data", str(folder)],
        env=environment(settings),
        check=True,
        capture_output=True,
        timeout=_INIT_SECONDS,
    )
    with ExitStack() as stack:
        names = ("observer", "admin-api", *workers * _WORKERS)
        yield Services([(name, stack.enter_context(started(name, folder, settings))) for name in names], cluster)
