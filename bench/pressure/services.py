"""The services as processes of their own over a broker, seen as one pipeline."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tools.broker import Cluster

from bench.pressure.instance import PROGRAM, Instance, environment, settle, started
from bench.pressure.vitals import cpu_seconds

WORKERS = ("processor", "scoring")
_INIT_SECONDS = 60
_JOIN_SECONDS = 60


class Services:
    """An observer, an admin API, a processor and a scorer; the broker's CPU time is theirs, too."""

    def __init__(self, instances: Mapping[str, Instance], folder: Path, cluster: Cluster) -> None:
        self.port, self.stream_port = instances["observer"].port, instances["admin-api"].port
        self._instances = instances
        self._more: list[Instance] = []
        self._folder, self._cluster = folder, cluster

    def cpu_by_name(self) -> dict[str, float]:
        """Return the CPU seconds that each of the first instances has used, and the broker."""
        broker = sum(cpu_seconds(node.pid) for node in self._cluster.nodes)
        return {"broker": broker, **{name: instance.cpu() for name, instance in self._instances.items()}}

    def cpu(self) -> float:
        """Return the CPU seconds that all of them have used."""
        return sum(self.cpu_by_name().values()) + sum(instance.cpu() for instance in self._more)

    def settle(self, seconds: float) -> float:
        """Wait until nothing waits any more: see `bench.pressure.instance.settle`."""
        return settle([*(self._instances[name] for name in WORKERS), *self._more], seconds)

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Let a second processor and a second scorer join for a while."""
        with ExitStack() as stack:
            settings = settings_for(self._cluster)
            self._more = [stack.enter_context(started(name, self._folder, settings)) for name in WORKERS]
            try:
                self.settle(_JOIN_SECONDS)
                yield
            finally:
                self._more = []


@contextmanager
def services(folder: Path, cluster: Cluster) -> Iterator[Services]:
    """Make the topics and run one of each over the store in `folder`. RuntimeError where one does not."""
    settings = settings_for(cluster)
    subprocess.run(  # noqa: S603  the program that is measured
        [PROGRAM, "init", "--data", str(folder)],
        env=environment(settings),
        check=True,
        capture_output=True,
        timeout=_INIT_SECONDS,
    )
    with ExitStack() as stack:
        names = ("observer", *WORKERS, "admin-api")
        instances = {name: stack.enter_context(started(name, folder, settings)) for name in names}
        yield Services(instances, folder, cluster)


def settings_for(cluster: Cluster) -> dict[str, str]:
    """Return how the services find the cluster, with topics of their own."""
    return {"LEADFLOW_LOG": cluster.url, "LEADFLOW_TOPIC_PREFIX": "whole."}
