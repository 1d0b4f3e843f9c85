"""The broker goes away under load: what observers answer meanwhile, and what is left when it is back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.waiting import wait_for
from fire import promises
from fire.aftermath import look_around
from fire.cast import Cast, distributed, initialise, playing
from fire.ledger import BUSY, OK, Answer
from fire.senders import Senders, outcomes
from fire.settling import settle
from fire.subscriber import Subscriber
from fire.workload import Request, Workload
from pipeline.aftermath import broken
from pipeline.in_memory import MODEL
from tools.broker import Cluster

ACK_SECONDS = 2.0
SLACK = 1.5  # seconds beyond the deadline that an answer may take on a busy machine
THREADS = 24  # each of them asks again and again while the broker is away
NUMBERS = {"observer": 2, "processor": 1, "scoring": 1, "admin-api": 1}
_PORTION = 60  # requests

Numbers = dict[str, Any]


@dataclass(slots=True)
class Gap:
    """While the broker was away, or one of three: from when to when (monotonic)."""

    began: float
    ended: float = 0.0

    def holds(self, answer: Answer) -> bool:
        """Whether an attempt was begun and ended in the gap."""
        return self.began <= answer.at - answer.seconds and answer.at <= (self.ended or answer.at)


@dataclass(slots=True)
class Outage:
    """A cast under load on a cluster that is going to fail."""

    cluster: Cluster
    folder: Path
    cast: Cast = field(init=False)
    senders: Senders = field(init=False)
    _requests: Iterator[Request] = field(init=False)

    def run(self, story: "Callable[[Outage], Numbers]") -> Numbers:
        """Start everything, tell the story, bring all to rest, look. AssertionError says what is broken."""
        settings = {**distributed(self.folder, self.cluster.url), "LEADFLOW_ACK_TIMEOUT": f"{ACK_SECONDS:g}"}
        initialise(self.folder, settings)
        self.cast = Cast(self.folder, settings)
        self._requests = iter(Workload(0, 20_000).requests)
        with playing(self.cast, NUMBERS):
            self.senders = Senders([member.port for member in self.cast.of("observer")], 0, threads=THREADS)
            subscriber = Subscriber(self.cluster.bootstrap)
            self.senders.start()
            subscriber.start()
            saw = story(self)
            self.senders.finish()
            saw["settled_s"] = round(settle(self.cluster.bootstrap), 1)
            subscriber.finish()
            self.check(subscriber)
        return {**saw, **outcomes(self.senders.ledger), "most_MiB": self._memory()}

    def load(self) -> None:
        """Offer more, and wait until some of it has been taken."""
        before = self.senders.taken
        self.senders.offer(next(self._requests) for _ in range(_PORTION))
        wait_for(lambda: self.senders.taken >= before + _PORTION // 3, "requests taken", seconds=60)

    def while_away(self, gap: Gap, attempts: int) -> None:
        """Offer more than can be taken; return when so many attempts of the gap were told to come again."""
        self.senders.offer(next(self._requests) for _ in range(_PORTION))
        answers = self.senders.ledger.answers
        wait_for(
            lambda: sum(gap.holds(one) and one.status == BUSY for one in list(answers)) >= attempts,
            f"{attempts} answers 503 with Retry-After",
            seconds=60,
        )

    def first_success(self, since: float) -> float:
        """Seconds from an instant (monotonic) to the first request that was taken after it."""
        answers = self.senders.ledger.answers

        def found() -> list[float]:
            return [one.at - since for one in list(answers) if one.status == OK and one.at > since]

        return min(wait_for(found, "a success", seconds=60))

    def check(self, subscriber: Subscriber) -> None:
        """Nothing acknowledged is lost, nothing counts twice, nobody had to be started again, or grew."""
        died = [member.name for member in self.cast.members if not member.alive]
        seen, _ = look_around(self.cluster.bootstrap, self.folder / "store.db")
        wrong = [
            *(f"{name} ended by itself" for name in died),
            *self.senders.ledger.unexpected,
            *promises.lost(self.senders.ledger, (), seen),
            *broken(seen, MODEL),
            *promises.heard_badly(subscriber.changes, seen.changes),
            *promises.ill(self.cast),
        ]
        assert not wrong, f"{len(wrong)} promises broken, the first: {wrong[:10]}"

    def _memory(self) -> dict[str, int]:
        return {role: max(one.peak_kib for one in self.cast.of(role)) // 1024 for role in self.cast.roles()}


def quantile(sorted_values: Sequence[float], share: float) -> float:
    """A quantile of sorted values, 0 of none."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))] if sorted_values else 0.0
