"""Deeds: what is done to a running pipeline, and which alerts that has to provoke."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from e2e.waiting import wait_for
from tools.prometheus import Prometheus

_PAUSE = 0.5  # seconds between two looks at the alerts

S = TypeVar("S")
Doing = Callable[[S], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Deed(Generic[S]):
    """Trouble that lasts while the context is open. `alerts` do not fire before, and do before it is closed."""

    name: str
    alerts: tuple[str, ...]
    do: Doing[S]

    def provoke(self, scene: S, prometheus: Prometheus, seconds: float) -> None:
        """Do it and wait for its alerts. AssertionError names those that did not come, or were there before."""
        before = self.alerts and set(self.alerts) & prometheus.firing().keys()
        assert not before, f"{self.name}: {before} fired before anything was done"
        with self.do(scene):
            self._await(prometheus, seconds)

    def _await(self, prometheus: Prometheus, seconds: float) -> None:
        missing = set(self.alerts)

        def all_seen() -> bool:
            missing.difference_update(prometheus.firing())
            return not missing

        try:
            wait_for(all_seen, "alerts", seconds=seconds, pause=_PAUSE)
        except AssertionError:
            raise AssertionError(f"{self.name}: after {seconds:g} s {sorted(missing)} did not fire") from None


class Deeds(list[Deed[S]]):
    """The deeds of a scene, in the order in which they are done."""

    def __call__(self, *alerts: str) -> Callable[[Callable[[S], Iterator[None]]], Doing[S]]:
        """Add a generator that makes trouble, yields, and ends it."""

        def add(function: Callable[[S], Iterator[None]]) -> Doing[S]:
            doing = contextmanager(function)
            self.append(Deed(function.__name__, alerts, doing))
            return doing

        return add
