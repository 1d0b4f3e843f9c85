"""The scenes: a pipeline of some kind, and the Prometheus that watches it by the chart's rules on a faster clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts import alone, apart, on_arango
from alerts.deeds import Deed
from e2e.waiting import wait_for
from tools.prometheus import Prometheus, running, scaled

EVERY = 2.5
"""Seconds between scrapes, and so the longest that one may take: more than a part that hangs has to answer."""


@dataclass(frozen=True, slots=True)
class Scene:
    """How it is set up, whom Prometheus scrapes, and what befalls it."""

    set_up: Callable[[Path], AbstractContextManager[Any]]
    ports: Callable[[Any], Sequence[int]]
    deeds: Sequence[Deed[Any]]

    @contextmanager
    def on(self, folder: Path, factor: float, every: float = EVERY) -> Iterator[tuple[Any, Prometheus]]:
        """Run it, watched."""
        rules = scaled(folder, factor)
        with self.set_up(folder) as scene:
            targets = {"leadflow": [f"127.0.0.1:{port}" for port in self.ports(scene)]}
            with running(targets, rules=rules, every=every) as prometheus:
                # A counter that moves before it was seen for the first time has not moved for Prometheus.
                seen = f"count(leadflow_runtime_build_info) == {len(targets['leadflow'])}"
                wait_for(lambda: prometheus.query(seen), "the first scrape of every process", seconds=60)
                yield scene, prometheus


SCENES: Mapping[str, Scene] = {
    "alone": Scene(alone.alone, lambda scene: [scene.port], alone.DEEDS),
    "apart": Scene(apart.apart, lambda scene: scene.ports, apart.DEEDS),
    "on-arango": Scene(on_arango.on_arango, lambda scene: [scene.port], on_arango.DEEDS),
}


def table() -> list[str]:
    """Which deed provokes which alerts, as rows of Markdown: docs/observability.md shows them."""
    return [
        f"| {deed.name.replace('_', ' ')} ({name}) | {', '.join(deed.alerts)} |"
        for name, scene in SCENES.items()
        for deed in scene.deeds
    ]
